"""Computing the fleet's metrics from rows: for all owners of a kind at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from podium.metrics.archive import Archive
from podium.metrics.catalog import FORMULAS, Choices, Formula, Term
from podium.metrics.decode import Floats
from podium.metrics.layout import Indexes, Kind, Owner, Shape

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parts:
    """The columns of one formula for several owners: `starts` says where each owner's begin, in `columns`."""

    owners: tuple[str, ...]
    columns: Indexes
    factors: Numbers
    starts: Indexes
    mean: bool
    needed: bool
    over: "Parts | None"


@dataclass(frozen=True, slots=True)
class _Pick:
    """One formula for one shape: places in it, and their factors."""

    formula: Formula
    places: tuple[int, ...]
    factors: tuple[float, ...]
    over: tuple[tuple[int, ...], tuple[float, ...]]


def gather(owners: Sequence[Owner], metric: str) -> list[Parts]:
    """What to read for `metric` of these owners (of one kind); owners without such data sources are left out."""
    picked: dict[tuple[bool, bool, bool], list[tuple[Owner, _Pick]]] = {}
    for owner in owners:
        pick = _pick(owner.kind, owner.shape, metric)
        if pick is not None:
            key = (pick.formula.mean, pick.formula.needed, bool(pick.over[0]))
            picked.setdefault(key, []).append((owner, pick))
    return [
        _parts(
            [(owner, pick.places, pick.factors) for owner, pick in some],
            mean=mean,
            needed=needed,
            over=_parts([(owner, *pick.over) for owner, pick in some]) if over else None,
        )
        for (mean, needed, over), some in picked.items()
    ]


def evaluate(parts: Parts, archive: Archive) -> Numbers:
    """All rows of the archive: (rows, owners), NaN where unknown."""
    return _evaluate(
        parts, archive.columns(parts.columns), None if parts.over is None else archive.columns(parts.over.columns)
    )


def newest(parts: Parts, archive: Archive) -> Numbers:
    """The newest row: one number per owner."""
    row = archive.newest()
    over = None if parts.over is None else row[None, parts.over.columns]
    found: Numbers = _evaluate(parts, row[None, parts.columns], over)[0]
    return found


def _evaluate(parts: Parts, values: Floats, below: Floats | None) -> Numbers:
    good = np.isfinite(values)
    scaled = np.where(good, values, 0.0) * parts.factors
    total = np.add.reduceat(scaled, parts.starts, axis=1)
    known = np.add.reduceat(good, parts.starts, axis=1, dtype=np.intp)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Numbers = np.where(known > 0, total / known if parts.mean else total, np.nan)
        if parts.needed:
            result[~good[:, parts.starts]] = np.nan
        if parts.over is not None and below is not None:
            # a percentage of a whole that the guest only tells a part of
            result = 100.0 * result / _evaluate(parts.over, below, None)
            result[known < np.diff(parts.starts, append=values.shape[1])] = np.nan
    result[~np.isfinite(result)] = np.nan
    return result


@lru_cache(maxsize=50_000)
def _pick(kind: Kind, shape: Shape, metric: str) -> _Pick | None:
    choices: Choices = FORMULAS.get(kind, _NONE).get(metric, ())
    for formula in choices:
        places, factors = _places(formula.terms, shape)
        over = _places(formula.over, shape)
        missing = formula.needed and (not places or formula.terms[0].pattern.fullmatch(shape[places[0]]) is None)
        if places and not missing and not (formula.over and (not over[0] or len(places) < len(formula.terms))):
            return _Pick(formula, places, factors, over)
    return None


_NONE: Final[dict[str, Choices]] = {}


def _places(terms: Sequence[Term], shape: Shape) -> tuple[tuple[int, ...], tuple[float, ...]]:
    found = [
        (number, term.factor) for term in terms for number, name in enumerate(shape) if term.pattern.fullmatch(name)
    ]
    return tuple(number for number, _ in found), tuple(factor for _, factor in found)


def _parts(
    some: Sequence[tuple[Owner, tuple[int, ...], tuple[float, ...]]],
    *,
    mean: bool = False,
    needed: bool = False,
    over: Parts | None = None,
) -> Parts:
    columns: list[int] = []
    factors: list[float] = []
    starts: list[int] = []
    for owner, places, scale in some:
        starts.append(len(columns))
        columns += [owner.start + place for place in places]
        factors += scale
    return Parts(
        owners=tuple(owner.uuid for owner, _, _ in some),
        columns=np.array(columns, np.intp),
        factors=np.array(factors),
        starts=np.array(starts, np.intp),
        mean=mean,
        needed=needed,
        over=over,
    )
