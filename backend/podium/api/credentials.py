"""Reads the credentials out of a request's headers, and judges whether another site sent the browser here."""

import base64
import binascii
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from podium.errors import AmbiguousCredentials, BadRequest, CrossSite
from podium.services.auth import Bearer, Password

COOKIE: Final = "authenticationToken"
"""Xen Orchestra's name. `token` is accepted too, as there."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_MAX_OTP: Final = 64
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def credentials(request: HTTPConnection) -> Password | Bearer | None:
    """What the request proves itself with; None: nothing.

    Raises AmbiguousCredentials for a cookie and an Authorization header at once, BadRequest for a malformed header.
    """
    cookie = request.cookies.get(COOKIE) or request.cookies.get("token")
    headers = [header for header in request.headers.getlist("authorization") if header]
    if not headers:
        return Bearer(cookie, from_cookie=True) if cookie else None
    if cookie or len(headers) > 1:
        raise AmbiguousCredentials("send either a token cookie or one Authorization header")
    found = _authorization(headers[0])
    if isinstance(found, Password) and (otp := request.query_params.get("otp")):
        return Password(found.name, found.password, otp[:_MAX_OTP])  # as Xen Orchestra takes it
    return found


def require_same_site(request: HTTPConnection) -> None:
    """Raises CrossSite when a browser was sent here by another site's page.

    Modern browsers say so themselves (Sec-Fetch-Site, over https and on localhost); others send Origin, or at least
    Referer, with every unsafe request. A client that sends none of them is no browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise CrossSite("the request was made by another site")
        return
    origin = request.headers.get("origin") or request.headers.get("referer")
    if origin is not None and not _own(request, origin):
        raise CrossSite("the request was made by another site")


def client_address(request: HTTPConnection) -> str:
    """Where the request came from. Behind a trusted proxy the server has put the client's address there."""
    return request.client.host if request.client is not None else ""


def _authorization(header: str) -> Password | Bearer:
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return Bearer(value, from_cookie=False)
    if scheme.lower() != "basic" or not value:
        raise BadRequest("the Authorization header is neither Basic nor Bearer")
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("the Authorization header is malformed") from error
    try:
        text = decoded.decode()
    except UnicodeDecodeError:  # RFC 7617 leaves the charset open; old clients send Latin-1
        text = decoded.decode("latin-1")
    name, colon, password = text.partition(":")  # only the first colon separates: passwords may contain more
    if not colon:
        raise BadRequest("the Authorization header is malformed")
    return Password(name, password)


def _own(request: HTTPConnection, origin: str) -> bool:
    """Whether `origin` is the address this request came to. The scheme may differ: a proxy may have taken TLS off."""
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"//{request.headers.get('host', '')}")
        their_port = theirs.port or _DEFAULT_PORTS.get(theirs.scheme)
        our_port = ours.port or _DEFAULT_PORTS.get(theirs.scheme)
    except ValueError:
        return False
    if request.url.scheme in {"https", "wss"} and theirs.scheme != "https":
        return False
    return theirs.hostname is not None and (theirs.hostname, their_port) == (ours.hostname, our_port)
