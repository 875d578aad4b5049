"""XAPI's dates as the seconds that clients see."""

from datetime import UTC, datetime
from functools import lru_cache

from podium.model.numbers import number

EPOCH = "19700101T00:00:00Z"
"""How XAPI says "never"."""


@lru_cache(maxsize=16384)
def timestamp(text: str | None) -> int | None:
    """Whole seconds since 1970 of a XAPI date (`20261122T15:06:10Z`) or of unix seconds as text (`1792770459.`).

    None for "never" (the epoch), for no date and for text that is none. No zone means UTC (PROTOCOL.md 1.3).
    """
    if text is None or text == EPOCH:
        return None
    seconds = number(text)
    if seconds is not None:
        return round(seconds) or None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp()) or None
    except (ValueError, OverflowError):
        return None
