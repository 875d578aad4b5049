"""An OpenID Connect provider over real HTTP that says what a test wants, true or not."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT = "podium"


class LyingProvider:
    """`metadata`, `claims`, `header`, `key` ...: what it says; a test changes them. `asked`: paths, in order."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key: Any = RSAKey.generate_key(2048, {"kid": "one"})
        self.published: Any = self.key
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.id_token: str | None = None
        self.status: dict[str, int] = {}
        self.body: dict[str, bytes] = {}
        self.asked: list[str] = []

    def begin(self, issuer: str) -> None:
        self.issuer = issuer
        self.metadata = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
        }
        now = int(time.time())
        self.claims = {
            "iss": issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": "n",
            "email": "a@b.example",
        }  # fmt: skip

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        if path in self.body:
            return self.status.get(path, 200), self.body[path]
        value: Any
        if path.endswith("/openid-configuration"):
            value = self.metadata
        elif path == "/jwks":
            value = KeySet([self.published]).as_dict(private=False)
        elif path == "/token":
            token = self.id_token
            if token is None:
                token = jwt.encode(self.header, self.claims, self.key, algorithms=[self.header["alg"]])
            value = {"access_token": "a", "token_type": "Bearer", "id_token": token}
        else:
            value = self.userinfo
        return self.status.get(path, 200), json.dumps(value).encode()


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    provider = LyingProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = provider.answer(self.path)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.begin(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
