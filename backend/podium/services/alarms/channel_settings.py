"""The settings of a channel: what was sent, laid over what is stored, and found to make sense. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from podium.errors import InvalidParameters
from podium.model.alarm import ChannelKind, MailSettings, WebhookSettings
from podium.services.alarms.messages import Secrets

Given = Mapping[str, Any]
"""Members as the API names them in Python; None takes one away."""

MAX_HEADERS: Final = 20
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "expect"})
_MAILBOX: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}
_WEAKNESS: Final = {"tls": 0, "starttls": 0, "none": 1}


def webhook(given: Given, stored: WebhookSettings | None, secrets: Secrets) -> tuple[WebhookSettings, Secrets]:
    """Raises InvalidParameters."""
    url = _text(given, "url", "" if stored is None else stored.url)
    _require(bool(url), "webhook.url", "say where the webhook goes")
    _check_url(url)
    allow = bool(given.get("allow_unauthorized", stored is not None and stored.allow_unauthorized))
    if stored is not None and (secrets.headers or secrets.secret):
        exposed = _origin(url) != _origin(stored.url) or (allow and not stored.allow_unauthorized)
        again = all(name in given for name, has in (("headers", secrets.headers), ("secret", secrets.secret)) if has)
        _require(
            again or not exposed,
            "webhook.url",
            "send headers and secret again: with this change they would go another way than before",
        )
    headers = dict(given["headers"] or {}) if "headers" in given else secrets.headers
    _check_headers(headers)
    secret = _text(given, "secret", secrets.secret)
    settings = WebhookSettings(
        url=url,
        header_names=tuple(sorted(headers)),
        has_secret=bool(secret),
        body_template=_text(given, "body_template", "" if stored is None else stored.body_template),
        allow_unauthorized=allow,
    )
    return settings, Secrets(headers=headers, secret=secret)


def mail(given: Given, stored: MailSettings | None, secrets: Secrets) -> tuple[MailSettings, Secrets]:
    """Raises InvalidParameters."""
    security = given.get("security") or ("starttls" if stored is None else stored.security)
    port = given.get("port") or (_PORTS[security] if stored is None else stored.port)
    host = _text(given, "host", "" if stored is None else stored.host)
    _require(bool(host), "email.host", "say which SMTP server takes the mail")
    sender = _text(given, "sender", "" if stored is None else stored.sender)
    recipients = (
        tuple(given["recipients"] or ()) if "recipients" in given else () if stored is None else stored.recipients
    )
    _require(
        _MAILBOX.fullmatch(sender) is not None, "email.from", "say from which address the mail comes, as name@host"
    )
    _require(bool(recipients), "email.to", "say to whom the mail goes")
    for one in recipients:
        _require(_MAILBOX.fullmatch(one) is not None, "email.to", f"{one[:100]} is no address like name@host")
    username = _text(given, "username", "" if stored is None else stored.username)
    password = _text(given, "password", secrets.password if username else "")
    allow = bool(given.get("allow_unauthorized", stored is not None and stored.allow_unauthorized))
    if stored is not None and password and "password" not in given:
        exposed = (
            (host.lower(), port) != (stored.host.lower(), stored.port)
            or _WEAKNESS[security] > _WEAKNESS[stored.security]
            or (allow and not stored.allow_unauthorized)
        )
        text = "send the password again: with this change it would go another way than before"
        _require(not exposed, "email.password", text)
    _require(
        security != "none" or not username,
        "email.security",
        "a password is not sent over a connection that is not encrypted: choose starttls or tls",
    )
    settings = MailSettings(
        host=host,
        port=port,
        security=security,
        sender=sender,
        recipients=recipients,
        username=username,
        has_password=bool(password),
        subject_template=_text(given, "subject_template", "" if stored is None else stored.subject_template),
        body_template=_text(given, "body_template", "" if stored is None else stored.body_template),
        allow_unauthorized=allow,
    )
    return settings, Secrets(password=password)


def read(kind: ChannelKind, stored: Mapping[str, Any]) -> WebhookSettings | MailSettings:
    """What `write` wrote."""
    if kind == "webhook":
        return msgspec.convert(stored, WebhookSettings)
    return msgspec.convert(stored, MailSettings)


def write(settings: WebhookSettings | MailSettings) -> dict[str, Any]:
    """As a JSON object, to be stored."""
    found: dict[str, Any] = msgspec.to_builtins(settings)
    return found


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_right = urlsplit(""), False
    _require(
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port_is_right
        and url.isascii()
        and " " not in url,
        "webhook.url",
        "must be an address like https://host/path",
    )
    _require("@" not in parts.netloc, "webhook.url", "must not hold a password: send it as a header")
    _require("#" not in url, "webhook.url", "must not have a fragment")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _check_headers(headers: Mapping[str, str]) -> None:
    _require(len(headers) <= MAX_HEADERS, "webhook.headers", f"at most {MAX_HEADERS} headers")
    for name, value in headers.items():
        lower = name.lower()
        _require(_TOKEN.fullmatch(name) is not None, "webhook.headers", f"{name[:100]} is no name of a header")
        _require(
            lower not in _OURS and not lower.startswith("x-podium-"),
            "webhook.headers",
            f"{name} is made by Podium itself",
        )
        printable = all(" " <= char <= "~" for char in value) and value == value.strip()
        _require(printable, "webhook.headers", f"the value of {name} must be printable ASCII")


def _text(given: Given, name: str, otherwise: str) -> str:
    return str(given[name] or "") if name in given else otherwise


def _require(fine: bool, member: str, text: str) -> None:
    if not fine:
        raise InvalidParameters(f"{member}: {text}", errors=[{"loc": ["body", *member.split(".")], "msg": text}])
