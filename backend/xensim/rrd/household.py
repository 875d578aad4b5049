"""One host with the VMs on it: everything that its answers are made of, put together once per change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xensim.rrd import encode, waves
from xensim.rrd.encode import Form
from xensim.rrd.machine import Machine, Source
from xensim.rrd.population import Columns, Member, Sums, Window
from xensim.rrd.waves import Floats, Values

_Fold = Callable[..., Floats]
_FOLDS: dict[str, _Fold] = {"AVERAGE": np.mean, "MIN": np.min, "MAX": np.max}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source of a host stands in its matrix, and since when it is recorded."""

    name: str
    at: int
    born: float


class Household:
    """`ref`: the host's; `places`: its sources that have an archive."""

    def __init__(self, ref: str, machine: Machine, places: Sequence[Place], members: Sequence[Member]) -> None:
        self.ref = ref
        self.machine = machine
        self.places = places
        self.members = members
        self.columns = Columns(members)
        self._sums = Sums(members)
        self._matrix = machine.matrix()[[place.at for place in places]]
        self._legends: dict[tuple[tuple[str, ...], Form], bytes] = {}

    def legend(self, cfs: tuple[str, ...], form: Form) -> bytes:
        """The legend of the host's own sources, written once."""
        known = self._legends.get((cfs, form))
        if known is None:
            names = [place.name for place in self.places]
            pieces = [encode.legend(f"{cf}:host:{self.machine.facts.uuid}:", names, form) for cf in cfs]
            known = self._legends[cfs, form] = encode.join(pieces, form)
        return known

    def own(self, window: Window, cf: str, gauges: Sequence[float], left: Sequence[Member]) -> Values:
        """The host's own sources, shape (rows, sources). `left`: the VMs that were here and are not any more.

        Each is taken over the parts of a row: a minute is exact, and as processors level off when VMs ask for too much,
        an hour or a day is right to a few parts in a hundred there.
        """
        flat = window.means.reshape(-1, waves.COUNT)
        sums = self._sums.over(window, self.ref, self.machine.keys, left)
        parts = self._matrix @ self.machine.makings(self.machine.weights @ flat.T, sums, gauges)
        rows, count = len(window.ends), window.archive.parts
        made = parts.reshape(len(self.places), rows, count)
        late = [at for at, place in enumerate(self.places) if place.born > window.oldest]
        folded = _FOLDS[cf](made, axis=2).T.astype(np.float32)
        for at in late:
            known = window.middles() >= self.places[at].born
            folded[~known.any(axis=1), at] = np.nan
        return folded


def visible(sources: Sequence[Source], chosen: Mapping[str, float | None]) -> Iterator[Place]:
    """The sources of a host that are recorded. `chosen`: since when somebody wants one, None when not any more."""
    for at, source in enumerate(sources):
        since = chosen.get(source.name, None if source.optional else -np.inf)
        if since is not None:
            yield Place(source.name, at, since)
