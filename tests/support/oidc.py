"""A small OpenID Connect provider as a real server on loopback: whoever comes is the person that the test has chosen."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "triage", "secret-of-the-client"


class Provider:
    """``person`` are the claims of who signs in next (``sub``, ``email``, ``email_verified`` …); ``stands_in`` replaces
    claims of the id token; ``refuses`` sends the person back with that error."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.person: dict[str, Any] = {}
        self.stands_in: dict[str, Any] = {}
        self.refuses = ""
        self.problems: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: set[str] = set()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, "")

            def do_POST(self) -> None:
                provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Provider:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    @property
    def settings(self) -> dict[str, str]:
        """What the application is told of it."""
        return {
            "OIDC_ISSUER": self.url,
            "OIDC_CLIENT_ID": CLIENT,
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_NAME": "Example Login",
        }

    def answer(self, request: BaseHTTPRequestHandler, body: str) -> None:
        path, query = urlsplit(request.path).path, urlsplit(request.path).query
        given = {name: values[0] for name, values in parse_qs(body or query).items()}
        handlers = {
            "/.well-known/openid-configuration": self._discovery,
            "/authorize": self._authorize,
            "/token": self._token,
            "/jwks": self._jwks,
            "/userinfo": self._userinfo,
        }
        status, found = handlers[path](given, request.headers) if path in handlers else (404, {})
        request.send_response(status)
        if isinstance(found, str):
            request.send_header("Location", found)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        request.wfile.write(b"" if isinstance(found, str) else json.dumps(found).encode())

    def _discovery(self, given: dict[str, str], headers: Any) -> tuple[int, Any]:
        ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        return 200, {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        } | {f"{name}_endpoint": f"{self.url}/{path}" for name, path in ends.items()}

    def _authorize(self, given: dict[str, str], headers: Any) -> tuple[int, Any]:
        self._expect(given.get("client_id") == CLIENT, "client_id")
        self._expect(given.get("code_challenge_method") == "S256", "PKCE")
        self._expect("openid" in given.get("scope", "").split(), "scope")
        code = secrets.token_urlsafe(16)
        self._codes[code] = given
        answer = {"error": self.refuses} if self.refuses else {"code": code}
        return 302, f"{given['redirect_uri']}?{urlencode(answer | {'state': given['state']})}"

    def _token(self, given: dict[str, str], headers: Any) -> tuple[int, Any]:
        asked = self._codes.pop(given.get("code", ""), {})
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        client = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        checks = {
            "code": bool(asked),
            "redirect_uri": given.get("redirect_uri") == asked.get("redirect_uri"),
            "code_verifier": challenge == asked.get("code_challenge"),
            "client secret": headers.get("Authorization") == f"Basic {client}",
        }
        for name, holds in checks.items():
            self._expect(holds, name)
        if not all(checks.values()):
            return 400, {"error": "invalid_grant"}
        now, access = int(time.time()), secrets.token_urlsafe(16)
        self._tokens.add(access)
        claims = {"iss": self.url, "aud": CLIENT, "sub": self.person["sub"], "iat": now, "exp": now + 300}
        id_token = jwt.encode(claims | self.stands_in, self.key, "RS256", {"kid": "1"})
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}

    def _jwks(self, given: dict[str, str], headers: Any) -> tuple[int, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return 200, {"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]}

    def _userinfo(self, given: dict[str, str], headers: Any) -> tuple[int, Any]:
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            return 401, {"error": "invalid_token"}
        return 200, self.person

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.problems.append(what)
