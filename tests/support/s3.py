"""A bucket on loopback that speaks as much S3 as boto3 needs, and fails when it is told to.

Path-style: PUT, GET, HEAD and DELETE of objects, ListObjectsV2 with a delimiter. Signatures are not checked.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
PAGE = 1000


class Bucket:
    """``objects`` is what it holds, by key. ``fault`` decides what happens to each request that comes.

    ``fault`` is empty, ``500``, ``503``, ``reset`` (the connection breaks) or ``slow`` (no answer for SLOW_SECONDS);
    several words take turns, and ``every`` n means each nth request only. ``asked`` counts requests, ``failed`` those that were hurt.
    """

    SLOW_SECONDS = 2.0
    name = "logs"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fault = ""
        self.every = 1
        self.asked = self.failed = 0
        self.lock = threading.Lock()
        bucket = self

        class Handler(_Handler):
            of = bucket

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What the application is given to use it."""
        return {
            "S3_BUCKET": self.name, "S3_ENDPOINT": self.url, "S3_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def hurt(self, fault: str, *, every: int = 1) -> None:
        self.fault, self.every = fault, every

    def heal(self) -> None:
        self.fault = ""

    def __enter__(self) -> Bucket:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="bucket").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    of: Bucket

    def do_PUT(self) -> None:
        data = self._body()
        if self._is_hurt():
            return
        with self.of.lock:
            self.of.objects[self._key] = data
        self._answer(200, headers={"ETag": _etag(data)})

    def do_GET(self) -> None:
        if self._is_hurt():
            return
        if not self._key:
            self._list()
            return
        data = self.of.objects.get(self._key)
        if data is None:
            self._problem(404, "NoSuchKey")
            return
        headers = {"ETag": _etag(data), "Last-Modified": "Fri, 20 Nov 2026 09:00:00 GMT"}
        self._answer(200, data, headers | {"Content-Type": "application/octet-stream"})

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        if self._is_hurt():
            return
        with self.of.lock:
            self.of.objects.pop(self._key, None)
        self._answer(204)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    @property
    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{self.of.name}").removeprefix("/")

    def _body(self) -> bytes:
        if self.headers.get("Expect") == "100-continue":
            pass  # the base class has answered it
        size = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(size)
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return data
        found, at = [], 0
        while True:  # size;signature CRLF data CRLF … 0 CRLF trailers
            end = data.index(b"\r\n", at)
            count = int(data[at:end].split(b";")[0], 16)
            if not count:
                return b"".join(found)
            found.append(data[end + 2 : end + 2 + count])
            at = end + 2 + count + 2

    def _is_hurt(self) -> bool:
        bucket = self.of
        with bucket.lock:
            bucket.asked += 1
            kinds = bucket.fault.split() if bucket.asked % bucket.every == 0 else []
            fault = kinds[bucket.failed % len(kinds)] if kinds else ""
            bucket.failed += bool(fault)
        if not fault:
            return False
        if fault == "slow":
            time.sleep(bucket.SLOW_SECONDS)
            return False
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return True
        self._problem(int(fault), "SlowDown" if fault == "503" else "InternalError")
        return True

    def _list(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        prefix, after = asked.get("prefix", ""), asked.get("continuation-token", "")
        delimiter = asked.get("delimiter")
        keys = sorted(key for key in self.of.objects if key.startswith(prefix) and key > after)
        if delimiter:
            keys = [key for key in keys if delimiter not in key[len(prefix) :]]
        shown, more = keys[:PAGE], len(keys) > PAGE
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.of.objects[key])}</Size></Contents>" for key in shown
        )
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        self._answer(
            200,
            f"<ListBucketResult {NAMESPACE}><Name>{self.of.name}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(shown)}</KeyCount><MaxKeys>{PAGE}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{contents}</ListBucketResult>".encode(),
            {"Content-Type": "application/xml"},
        )

    def _problem(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>".encode()
        self._answer(status, body, {"Content-Type": "application/xml"})

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
