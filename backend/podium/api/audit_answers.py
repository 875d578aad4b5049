"""What an answer tells the audit log: an error's code, the ids of what was made, who signed in. Nothing else of it."""

import base64
import json
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.types import Message

from podium.api.credentials import COOKIE
from podium.services.audit.auditor import Outcome, made_by


def outcome_of(status: int, body: object) -> Outcome:
    """What the answer says: an error's code, or the ids of what was made. No more: tokens are answers, too."""
    members: Mapping[str, Any] = body if isinstance(body, dict) else {}
    error = None
    if status >= 400:
        error = {name: members[name] for name in ("code", "xapi_code") if name in members}
        data = members.get("data")
        if isinstance(data, dict) and "missingPrivileges" in data:
            error["missingPrivileges"] = data["missingPrivileges"]
    task = members.get("taskId") if status == 202 else None
    return Outcome(
        status=status,
        end_ms=now_ms(),
        error=error,
        made=made_by(members) if status < 400 else (),
        task=task if isinstance(task, str) else None,
    )


def signed_in(start: Message) -> dict[str, str] | None:
    """The claims of the token that the answer gives a browser, of our own making a moment ago."""
    for name, value in start["headers"]:
        if name.lower() != b"set-cookie":
            continue
        try:
            cookie = SimpleCookie(value.decode("latin-1")).get(COOKIE)
        except CookieError:
            continue
        parts = cookie.value.split(".") if cookie is not None else []
        if len(parts) == 3:
            try:
                claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
            except ValueError:
                continue
            return {key: str(one) for key, one in claims.items()} if isinstance(claims, dict) else None
    return None


def sent_to(start: Message) -> str:
    """Where the answer sends a browser; "" nowhere."""
    return next((value.decode("latin-1") for name, value in start["headers"] if name.lower() == b"location"), "")


def is_json(start: Message) -> bool:
    kinds = (value for name, value in start["headers"] if name.lower() == b"content-type")
    return any(b"json" in kind and b"ndjson" not in kind for kind in kinds)


def json_of(text: bytes) -> object:
    """As the framework reads it (msgspec takes no lone surrogates); None for what is not JSON."""
    try:
        found: object = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return found


def now_ms() -> int:
    return time.time_ns() // 1_000_000
