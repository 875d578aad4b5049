"""A browser's sign-in as people see it: which browser, on what, from where, since when."""

import re
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from podium.services.token_view import Token

_BROWSERS: Final = (
    (re.compile(r"\bEdgA?/"), "Edge"),
    (re.compile(r"\bOPR/"), "Opera"),
    (re.compile(r"\bVivaldi/"), "Vivaldi"),
    (re.compile(r"\bFirefox/|\bFxiOS/"), "Firefox"),
    (re.compile(r"\b(?:Headless)?Chrom(?:e|ium)/|\bCriOS/"), "Chrome"),
    (re.compile(r"\bSafari/"), "Safari"),
)
"""In this order: most name others as well."""
_SYSTEMS: Final = (
    (re.compile(r"\bAndroid\b"), "Android"),
    (re.compile(r"\biPhone\b|\biPad\b"), "iOS"),
    (re.compile(r"\bWindows\b"), "Windows"),
    (re.compile(r"\bMac OS X\b|\bMacintosh\b"), "macOS"),
    (re.compile(r"\bCrOS\b"), "ChromeOS"),
    (re.compile(r"\bLinux\b"), "Linux"),
)


class SignInInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A browser that is signed in. Times in milliseconds; `lastUse` is written down once a minute.

    `browser`: in words, "Firefox on Linux"; `agent`: what it calls itself. `address`: of the last use.
    """

    id: str
    browser: str
    agent: str
    since: int
    expires: int
    current: bool
    address: str | UnsetType = UNSET
    last_use: int | UnsetType = UNSET


def sign_in_of(token: Token) -> SignInInfo:
    agent = token.description if isinstance(token.description, str) else ""
    address: str | UnsetType = token.created_from
    last_use: int | UnsetType = UNSET
    if isinstance(token.last_uses, dict):
        for place, use in token.last_uses.items():
            address, last_use = place or address, use.timestamp
    return SignInInfo(
        id=token.token_id,
        browser=browser_of(agent),
        agent=agent,
        since=token.created_at,
        expires=token.expiration,
        current=token.current,
        address=address,
        last_use=last_use,
    )


def browser_of(agent: str) -> str:
    """A User-Agent in words. What is no browser we know keeps its own first word."""
    browser = next((name for mark, name in _BROWSERS if mark.search(agent)), "")
    system = next((name for mark, name in _SYSTEMS if mark.search(agent)), "")
    if not browser:
        browser = re.split(r"[/\s(]", agent, maxsplit=1)[0] or "unknown"
    return f"{browser} on {system}" if system else browser
