"""Thresholds over time: hysteresis, durations, gaps. Time is what the test says it is."""

import math
import time
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.services.alarms.state import SILENT_S, Condition, RuleState, Transition

ABOVE = Condition(above=True, threshold=90.0, clear=80.0, duration_s=10.0, clear_duration_s=20.0)
PROMPT = Condition(above=True, threshold=90.0, clear=90.0)


def play(state: RuleState, values: Sequence[float | None], *, step_s: float = 5.0, start: float = 0.0) -> list[str]:
    """One object's values, every five seconds: "<seconds> <what happened>"."""
    found = []
    for number, value in enumerate(values):
        now = start + number * step_s
        known: Mapping[str, float] = {} if value is None else {"a": value}
        found += [f"{now:.0f} {one.kind}" for one in state.step(now, known, lambda _: True)]
    return found


def test_without_durations_it_follows_the_value() -> None:
    assert play(RuleState(PROMPT), [90, 91, 92, 90, 91]) == ["5 raised", "15 ended", "20 raised"]


def test_below() -> None:
    state = RuleState(Condition(above=False, threshold=10.0, clear=20.0))
    assert play(state, [15, 10, 9.9, 15, 19.9, 20]) == ["10 raised", "25 ended"]


def test_it_must_hold_for_the_duration() -> None:
    assert play(RuleState(ABOVE), [95, 95, 95, 95]) == ["10 raised"]
    assert play(RuleState(ABOVE), [95, 95, 89, 95, 95, 95]) == ["25 raised"]


def test_it_ends_when_it_has_been_back_for_long_enough() -> None:
    back = RuleState(ABOVE, raised=["a"])
    assert play(back, [80, 80, 80, 80, 80]) == ["20 ended"]
    assert play(RuleState(ABOVE, raised=["a"]), [80, 80, 80, 81, 80, 80, 80, 80, 80]) == ["40 ended"]
    assert play(RuleState(ABOVE, raised=["a"]), [80, 80, 80, 95, 80, 80, 80, 80, 80]) == ["40 ended"]


def test_between_the_two_nothing_changes() -> None:
    assert play(RuleState(ABOVE, raised=["a"]), [85] * 100) == []
    assert play(RuleState(ABOVE), [85] * 100) == []


def test_time_without_a_value_counts_for_nothing() -> None:
    # 95 at 0, then nothing for 50 s, then 95: raised after ten seconds with values, not at once
    assert play(RuleState(ABOVE), [95, *[None] * 10, 95, 95, 95]) == ["60 raised"]
    assert play(RuleState(ABOVE, raised=["a"]), [80, *[None] * 10, 80, 80, 80, 80, 80]) == ["70 ended"]
    assert play(RuleState(PROMPT), [None] * 100) == []


def test_a_raised_alarm_says_that_no_value_comes_any_more() -> None:
    values = [95, *[None] * 125, 95, *[None] * 125]
    state = RuleState(PROMPT, raised=["a"])
    assert play(state, values) == [f"{5 + SILENT_S:.0f} silent", "630 heard", f"{635 + SILENT_S:.0f} silent"]
    assert list(state.raised) == ["a"]


def test_only_objects_that_the_rule_is_about() -> None:
    state = RuleState(PROMPT)
    assert state.step(0, {"a": 95.0, "b": 95.0}, {"a"}.__contains__) == [Transition("raised", "a", 95.0)]
    assert list(state.raised) == ["a"]
    assert not state.pending


def test_one_that_stops_to_match_while_it_is_pending_is_not_raised() -> None:
    state = RuleState(ABOVE)
    state.step(0, {"a": 95.0}, lambda _: True)
    assert state.step(10, {"a": 95.0}, lambda _: False) == []
    assert not state.raised


def test_what_is_dropped_begins_anew() -> None:
    state = RuleState(ABOVE)
    play(state, [95, 95])
    state.drop("a")
    assert play(state, [95, 95, 95], start=10.0) == ["20 raised"]
    state.drop("a")
    assert list(state.raised) == []


class Plain:
    """The same in the plainest words: one object, every sample looked at, nothing remembered but what must be."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.raised = False
        self.held = 0.0
        self.holding = False

    def sample(self, passed_s: float, value: float | None) -> str | None:
        """`passed_s`: with values, since the last sample that had one."""
        condition = self.condition
        if value is None:
            return None
        sign = 1 if condition.above else -1
        limit, needed_s = (
            (condition.clear, condition.clear_duration_s)
            if self.raised
            else (condition.threshold, condition.duration_s)
        )
        moves = sign * value <= sign * limit if self.raised else sign * value > sign * limit
        if not moves:
            self.holding = False
            return None
        self.held = self.held + passed_s if self.holding else 0.0
        self.holding = True
        if self.held < needed_s:
            return None
        self.holding = False
        self.raised = not self.raised
        return "raised" if self.raised else "ended"


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    above = draw(st.booleans())
    threshold = draw(st.integers(0, 10))
    gap = draw(st.integers(0, 4))
    durations = st.sampled_from([0.0, 1.0, 3.0])
    clear = threshold - gap if above else threshold + gap
    return Condition(above, float(threshold), float(clear), draw(durations), draw(durations))


samples = st.lists(st.tuples(st.integers(1, 3), st.none() | st.integers(-5, 15).map(float)), max_size=60)


@given(conditions(), samples)
def test_it_does_what_the_plain_words_say(condition: Condition, values: list[tuple[int, float | None]]) -> None:
    state, plain = RuleState(condition), Plain(condition)
    now = 0.0
    last_value = False
    passed = 0.0
    for step_s, value in values:
        # the time up to the first missing value counts, the time from there to the next value does not
        now += step_s
        passed += step_s if last_value else 0
        last_value = value is not None
        expected = plain.sample(passed, value)
        if value is not None:
            passed = 0.0
        known = {} if value is None else {"a": value}
        got = [one.kind for one in state.step(now, known, lambda _: True) if one.kind in ("raised", "ended")]
        assert got == ([] if expected is None else [expected])


@given(conditions(), samples)
def test_alarms_alternate_and_obey_their_limits(condition: Condition, values: list[tuple[int, float | None]]) -> None:
    state = RuleState(condition)
    now, last = 0.0, "ended"
    for step_s, value in values:
        now += step_s
        for one in state.step(now, {} if value is None else {"a": value}, lambda _: True):
            if one.kind not in ("raised", "ended"):
                continue
            assert one.kind != last
            last = one.kind
            assert one.value is not None
            if one.kind == "raised":
                assert one.value > condition.threshold if condition.above else one.value < condition.threshold
            else:
                assert condition.back(one.value)


@given(samples)
def test_objects_do_not_touch_each_other(values: list[tuple[int, float | None]]) -> None:
    condition = Condition(above=True, threshold=5.0, clear=3.0, duration_s=2.0, clear_duration_s=1.0)
    alone, among = RuleState(condition), RuleState(condition)
    now = 0.0
    for step_s, value in values:
        now += step_s
        known = {} if value is None else {"a": value}
        others = {f"o{number}": math.sin(now + number) * 10 for number in range(5)}
        mine = [one for one in among.step(now, others | known, lambda _: True) if one.object_id == "a"]
        assert mine == alone.step(now, known, lambda _: True)


@pytest.mark.parametrize("beyond", [0, 300, 10_000], ids=["none", "some", "all"])
def test_twenty_rules_on_ten_thousand_objects_cost_little(beyond: int) -> None:
    """Also when all of them are raised. The bound is what the machine of a busy CI can keep; see docs/benchmarks.md."""
    condition = Condition(above=True, threshold=90.0, clear=80.0, duration_s=10.0)
    rules = [RuleState(condition) for _ in range(20)]
    values = {f"{number:08}-vm": 95.0 if number < beyond else 50.0 for number in range(10_000)}
    for now in (0.0, 5.0, 10.0, 15.0):
        for rule in rules:
            rule.step(now, values, lambda _: True)
    took = []
    for now in (20.0, 25.0, 30.0, 35.0, 40.0):
        began = time.process_time()
        for rule in rules:
            rule.step(now, values, lambda _: True)
        took.append(time.process_time() - began)
    assert all(len(list(rule.raised)) == beyond for rule in rules)
    print(f"{beyond}: {min(took) * 1000:.1f} ms")
    assert min(took) < 0.25
