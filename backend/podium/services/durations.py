"""Durations as Xen Orchestra's clients write them: milliseconds, or "1 hour", "30 days", "0.5 year"."""

import re
from typing import Final

from podium.errors import InvalidParameters

_UNITS_MS: Final[dict[str, float]] = {
    unit: ms
    for units, ms in (
        ("ms msec msecs millisecond milliseconds", 1),
        ("s sec secs second seconds", 1000),
        ("m min mins minute minutes", 60_000),
        ("h hr hrs hour hours", 3_600_000),
        ("d day days", 86_400_000),
        ("w week weeks", 7 * 86_400_000),
        ("month months", 30 * 86_400_000),
        ("y yr yrs year years", 365.25 * 86_400_000),
    )
    for unit in units.split()
}
_FORM: Final = re.compile(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([a-zA-Z]{0,12})\s*", re.ASCII)


def parse_duration_s(value: str | float) -> float:
    """The duration in seconds. A bare number counts milliseconds. Raises InvalidParameters."""
    if isinstance(value, str):
        match = _FORM.fullmatch(value)
        unit = _UNITS_MS.get(match[2].lower() or "ms") if match else None
        if match is None or unit is None:
            raise InvalidParameters(f"{value[:40]!r} is not a duration: write milliseconds, or like '1 hour'")
        return float(match[1]) * unit / 1000
    return value / 1000
