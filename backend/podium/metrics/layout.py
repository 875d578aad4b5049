"""Layout: which column of a host's answers is whose, for as long as the legend stays the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["host", "vm", "sr"]
Indexes = NDArray[np.intp]
Shape = tuple[str, ...]
"""The names of one owner's data sources, sorted. Owners alike share one tuple, and what is computed from it."""

CF: Final = "AVERAGE"
_KINDS: Final[dict[str, Kind]] = {"host": "host", "vm": "vm", "sr": "sr"}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose columns `start` to `start + len(shape)` are."""

    kind: Kind
    uuid: str
    shape: Shape
    start: int

    @property
    def columns(self) -> slice:
        return slice(self.start, self.start + len(self.shape))


class Layout:
    """The columns of one legend, put in order: by owner, then by name. `width` counts the legend's, `len` ours."""

    __slots__ = ("_length", "by_uuid", "legend", "owners", "take", "width")

    def __init__(self, legend: bytes, columns: Sequence[str]) -> None:
        self.legend = legend
        self.width = len(columns)
        found: dict[tuple[Kind, str], dict[str, int]] = {}
        for number, column in enumerate(columns):
            cf, _, rest = column.partition(":")
            kind, _, rest = rest.partition(":")
            uuid, _, name = rest.partition(":")
            if cf == CF and kind in _KINDS and name:
                found.setdefault((_KINDS[kind], uuid), {})[name] = number
        owners: list[Owner] = []
        take: list[int] = []
        for (kind_, uuid), names in found.items():
            ordered = sorted(names)
            owners.append(Owner(kind_, uuid, _shared(tuple(ordered)), len(take)))
            take += [names[name] for name in ordered]
        self.owners = tuple(owners)
        self.by_uuid = {owner.uuid: owner for owner in owners}
        self.take: Indexes = np.array(take, np.intp)
        """For each of our columns, its number in the legend."""
        self._length = len(take)

    def __len__(self) -> int:
        return self._length

    def moved_from(self, old: "Layout") -> tuple[Indexes, Indexes]:
        """The columns that both have: their numbers here, and there."""
        here: list[Indexes] = []
        there: list[Indexes] = []
        for owner in self.owners:
            before = old.by_uuid.get(owner.uuid)
            if before is None:
                continue
            if before.shape is owner.shape:
                here.append(np.arange(owner.start, owner.start + len(owner.shape)))
                there.append(np.arange(before.start, before.start + len(before.shape)))
                continue
            places = {name: before.start + number for number, name in enumerate(before.shape)}
            both = [(owner.start + number, places[name]) for number, name in enumerate(owner.shape) if name in places]
            here.append(np.array([one for one, _ in both], np.intp))
            there.append(np.array([one for _, one in both], np.intp))
        if not here:
            return np.empty(0, np.intp), np.empty(0, np.intp)
        return np.concatenate(here), np.concatenate(there)


@lru_cache(maxsize=20_000)
def _shared(shape: Shape) -> Shape:
    return shape


NOTHING: Final = Layout(b"[]", [])
