"""Commit: one step of the cache, with its revision and what changed."""

import msgspec

from podium.cache.entry import Entry


class Change(msgspec.Struct, frozen=True, gc=False):
    """One object's step. `before` is None for a new one, `after` for one that is gone; both are immutable."""

    id: str
    before: Entry | None
    after: Entry | None


class Commit(msgspec.Struct, frozen=True, gc=False):
    """What one step changed, each object once. `size`: bytes it keeps alive in the ring, about."""

    revision: int
    changes: tuple[Change, ...]
    size: int
