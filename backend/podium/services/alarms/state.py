"""One rule's thresholds over time: when an object's alarm is raised, and when it ends. Pure; time is an argument."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

SILENT_S: Final = 600.0
"""So long after the last value a raised alarm says that none comes any more."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Beyond `threshold` for `duration_s` raises; back at `clear` for `clear_duration_s` ends.

    Between the two nothing changes (hysteresis): `clear` is below the threshold of "above", and above that of "below".
    """

    above: bool
    threshold: float
    clear: float
    duration_s: float = 0.0
    clear_duration_s: float = 0.0

    def beyond(self, values: Mapping[str, float]) -> set[str]:
        """The ids whose value is beyond the threshold. The one walk past every object: a comparison for each."""
        threshold = self.threshold
        if self.above:
            return {key for key, value in values.items() if value > threshold}
        return {key for key, value in values.items() if value < threshold}

    def back(self, value: float) -> bool:
        return value <= self.clear if self.above else value >= self.clear


@dataclass(frozen=True, slots=True)
class Transition:
    """What happened to one object. `value` is the newest; None: there is none.

    silent: a raised alarm has had no value for ten minutes; heard: values come again.
    """

    kind: Literal["raised", "ended", "silent", "heard"]
    object_id: str
    value: float | None


@dataclass(slots=True)
class _Raised:
    """`clearing`: since when it has been back. `missing`: since when there has been no value; `silent`: it was said."""

    clearing: float | None = None
    missing: float | None = None
    silent: bool = False


class RuleState:
    """Which objects are on their way to an alarm of this rule, or have one: ok, pending, raised, clearing, ok.

    Time without a value counts for nothing: it neither raises nor ends, and durations stand still meanwhile.
    """

    def __init__(self, condition: Condition, raised: Iterable[str] = ()) -> None:
        self.condition = condition
        self._pending: dict[str, float] = {}
        self._gaps: dict[str, float] = {}
        """Of pending ones: since when there has been no value."""
        self._raised: dict[str, _Raised] = {key: _Raised() for key in raised}
        self._unsteady: set[str] = set(self._raised)
        """Raised ones that are clearing or without a value; all others are beyond the threshold, or hang in between."""
        self._others: set[str] = set()
        """Objects that the rule is not about, of those that were beyond the threshold."""

    @property
    def raised(self) -> Iterable[str]:
        return self._raised.keys()

    @property
    def pending(self) -> Mapping[str, float]:
        """Since when, by id."""
        return self._pending

    def step(self, now: float, values: Mapping[str, float], matches: Callable[[str], bool]) -> list[Transition]:
        """Take the newest values in. `matches`: whether the rule is about that object; a no holds until `ask_again`."""
        beyond = self.condition.beyond(values)
        found: list[Transition] = []
        if self._pending:
            self._review(now, values, beyond)
        if self._raised:
            self._settle(now, values, beyond, found)
        self._advance(now, values, beyond, matches, found)
        return found

    def ask_again(self) -> None:
        """Objects may have changed: ask whether the rule is about them now."""
        self._others.clear()

    def drop(self, object_id: str) -> None:
        """Forget an object, whatever its state: it is gone, or the rule is not about it any more."""
        self._pending.pop(object_id, None)
        self._gaps.pop(object_id, None)
        self._raised.pop(object_id, None)
        self._unsteady.discard(object_id)

    def _review(self, now: float, values: Mapping[str, float], beyond: set[str]) -> None:
        """Pending ones that are not beyond any more are ok, unless there is no telling."""
        for key in self._pending.keys() - beyond:
            if key in values:
                del self._pending[key]
                self._gaps.pop(key, None)
            else:
                self._gaps.setdefault(key, now)
        for key in self._gaps.keys() & beyond:
            self._pending[key] += now - self._gaps.pop(key)

    def _settle(self, now: float, values: Mapping[str, float], beyond: set[str], found: list[Transition]) -> None:
        for key in self._unsteady & beyond:
            self._heard(key, self._raised[key], now, values[key], found)
            self._raised[key].clearing = None
            self._unsteady.discard(key)
        for key in self._raised.keys() - beyond:
            state = self._raised[key]
            value = values.get(key)
            if value is None:
                self._unheard(key, state, now, found)
                continue
            self._heard(key, state, now, value, found)
            if not self.condition.back(value):
                state.clearing = None
                self._unsteady.discard(key)
                continue
            self._unsteady.add(key)
            if state.clearing is None:
                state.clearing = now
            if now - state.clearing >= self.condition.clear_duration_s:
                self.drop(key)
                found.append(Transition("ended", key, value))

    def _unheard(self, key: str, state: _Raised, now: float, found: list[Transition]) -> None:
        self._unsteady.add(key)
        if state.missing is None:
            state.missing = now
        elif not state.silent and now - state.missing >= SILENT_S:
            state.silent = True
            found.append(Transition("silent", key, None))

    def _heard(self, key: str, state: _Raised, now: float, value: float, found: list[Transition]) -> None:
        if state.missing is None:
            return
        if state.clearing is not None:
            state.clearing += now - state.missing
        state.missing = None
        if state.silent:
            state.silent = False
            found.append(Transition("heard", key, value))

    def _advance(
        self,
        now: float,
        values: Mapping[str, float],
        beyond: set[str],
        matches: Callable[[str], bool],
        found: list[Transition],
    ) -> None:
        """Objects beyond the threshold are pending, then raised."""
        pending, duration_s = self._pending, self.condition.duration_s
        for key in beyond - self._raised.keys() - self._others:
            since = pending.get(key)
            if since is None:
                if not matches(key):
                    self._others.add(key)
                    continue
                since = pending[key] = now
            if now - since < duration_s:
                continue
            del pending[key]
            if matches(key):
                self._raised[key] = _Raised()
                found.append(Transition("raised", key, values[key]))
