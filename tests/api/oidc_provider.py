"""A real OpenID Connect provider (the package oidc-provider-mock) in a process of its own: the tests run this program.

The package issues codes and signed tokens, registers clients, checks their secrets and redirect addresses, but leaves
PKCE out: what is put before it here holds the token request to the challenge of the authorization request (RFC 7636,
4.6), as providers do. The first line of its output is its port.
"""

import base64
import hashlib
import io
import warnings
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock
    from werkzeug.serving import make_server


class Pkce:
    """WSGI: remembers the challenge of each code, and refuses a code without its verifier."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""))
        if path == "/oauth2/authorize":
            if query.get("code_challenge_method") != ["S256"] or "code_challenge" not in query:
                start_response("400 Bad Request", [("content-type", "text/plain")])
                return [b"PKCE is required"]

            def answered(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                location = {name.lower(): value for name, value in headers}.get("location", "")
                for code in parse_qs(urlsplit(location).query).get("code", []):
                    self._challenges[code] = query["code_challenge"][0]
                return start_response(status, headers, *more)

            return self._app(environ, answered)  # type: ignore[no-any-return]  # WSGI
        if path == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            form = parse_qs(body.decode())
            verifier = form.get("code_verifier", [""])[0]
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            if self._challenges.pop(form.get("code", [""])[0], None) != challenge:
                start_response("400 Bad Request", [("content-type", "application/json")])
                return [b'{"error":"invalid_grant"}']
            environ["wsgi.input"] = io.BytesIO(body)
        return self._app(environ, start_response)  # type: ignore[no-any-return]


def main() -> None:
    app = oidc_provider_mock.app(require_client_registration=True, require_nonce=True)
    app.debug = False
    server = make_server("127.0.0.1", 0, Pkce(app), threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
