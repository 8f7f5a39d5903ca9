"""Somebody who sends a log to the running application over HTTP, as the page's script does."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from tests.support.ports import wait_for
from tests.support.stack import Stack

PART_BYTES = 8 * 1024 * 1024


class Visitor:
    """Signed in. Its methods raise `urllib.error.HTTPError` for anything but success."""

    def __init__(self, stack: Stack) -> None:
        self.base = stack.url
        self.browser = stack.visitor()
        self.browser.open(stack.signin_link(), timeout=30).read()
        self.browser.open(f"{self.base}/new/", timeout=30).read()  # has a form, and so sets the CSRF cookie
        jar = next(handler.cookiejar for handler in self.browser.handlers if hasattr(handler, "cookiejar"))
        self.token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")

    def call(self, method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream") -> dict[str, Any]:
        headers = {"X-CSRFToken": self.token, "Content-Type": kind, "Origin": self.base}
        request = urllib.request.Request(self.base + path, body if method != "GET" else None, headers, method=method)
        with self.browser.open(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def send(self, data: bytes, name: str = "app.log", **given: str) -> dict[str, Any]:
        """Upload a file in parts and finish it."""
        body = json.dumps({"name": name, "size": len(data)} | given).encode()
        upload = self.call("POST", "/uploads/", body, "application/json")
        for number, at in enumerate(range(0, len(data), PART_BYTES)):
            self.call("PUT", f"/uploads/{upload['id']}/parts/{number}/", data[at : at + PART_BYTES])
        return self.call("POST", f"/uploads/{upload['id']}/finish/")

    def status(self, upload: dict[str, Any]) -> dict[str, Any]:
        return self.call("GET", f"/uploads/{upload['id']}/")

    def wait_until(
        self, upload: dict[str, Any], *, chunks_done: int = 0, finished: bool = False, patience_s: float = 90
    ) -> None:
        def reached() -> bool:
            status = self.status(upload)
            return status["is_finished"] if finished else status["chunks_done"] >= chunks_done

        wait_for(reached, f"the upload is {'read' if finished else f'read to chunk {chunks_done}'}", patience_s, 0.1)
