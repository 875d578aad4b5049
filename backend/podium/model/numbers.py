"""Numbers out of XenServer's maps, whose values are always text.

Xen Orchestra casts with JavaScript's unary plus and shows what is no number as `null`; we leave the field out.
"""

import re
from functools import lru_cache
from math import isfinite

from msgspec import UNSET

from podium.model.base import Maybe

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
_LIMIT = 2**63


@lru_cache(maxsize=8192)
def number(text: str | None) -> int | float | None:
    """`text` as a number, an int when it is whole; None for nothing, NaN, infinities and other text."""
    if not text or "_" in text:  # Python reads "1_000" as a number
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        return None
    if not isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _LIMIT else value


def integer(text: str | None) -> int | Maybe:
    """`text` as a whole number, or UNSET."""
    value = number(text)
    return value if isinstance(value, int) else UNSET


@lru_cache(maxsize=512)
def version(text: str) -> tuple[int, ...]:
    """The leading numbers of a dotted version: "3.4.0" -> (3, 4, 0), "8.3.0-rc1" -> (8, 3, 0); () for other text."""
    parts: list[int] = []
    for part in text.strip().split("."):
        digits = re.match(r"[0-9]{1,18}", part)
        if digits is None:
            break
        parts.append(int(digits[0]))
        if digits[0] != part:
            break
    return tuple(parts)
