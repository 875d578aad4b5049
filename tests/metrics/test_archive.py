"""The ring against a model of it: whatever comes in whatever order, a row is where its time says."""

import math
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from podium.metrics.archive import Archive
from podium.metrics.layout import Layout
from podium.metrics.store import alone

NAMES = [f"AVERAGE:vm:{owner}:{name}" for owner in "ab" for name in ("x", "y", "z")]
STEP, ROWS = 5, 6


def layout(columns: Sequence[str]) -> Layout:
    return Layout(",".join(columns).encode(), columns)


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 20), st.integers(0, 1_000)),
        st.tuples(st.just("adopt"), st.permutations(NAMES).flatmap(lambda n: st.integers(0, 6).map(lambda k: n[:k]))),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_rows_are_where_their_times_say(actions: list[tuple]) -> None:  # type: ignore[type-arg]
    archive = Archive(STEP, ROWS)
    archive.adopt(layout(NAMES))
    known: dict[tuple[int, str], float] = {}
    columns = list(NAMES)
    newest = 0
    for action in actions:
        if action[0] == "put":
            time = action[1] * STEP
            if time <= newest - ROWS * STEP and newest:
                continue
            values = np.arange(action[2], action[2] + len(archive.layout), dtype=np.float32)
            archive.put(time, values)
            newest = max(newest, time)
            at = 0
            for owner in archive.layout.owners:
                for name in owner.shape:
                    known[time, f"AVERAGE:vm:{owner.uuid}:{name}"] = float(values[at])
                    at += 1
        else:
            kept = set(action[1]) & set(columns)
            columns = list(action[1])
            known = {key: value for key, value in known.items() if key[1] in kept}
            archive.adopt(layout(columns))
    assert archive.end == newest
    for owner in archive.layout.owners:
        rows = archive.of(owner)
        assert len(rows) == archive.count <= ROWS
        for back, row in enumerate(reversed(rows)):
            for place, name in enumerate(owner.shape):
                wanted = known.get((newest - back * STEP, f"AVERAGE:vm:{owner.uuid}:{name}"), math.nan)
                assert same(float(row[place]), wanted)


def test_a_gap_is_unknown_and_not_what_was_there_a_round_ago() -> None:
    archive = Archive(STEP, ROWS)
    archive.adopt(layout(NAMES[:1]))
    for time in range(5, 35, 5):
        archive.put(time, np.array([time], np.float32))
    archive.put(50, np.array([50], np.float32))
    values = archive.of(archive.layout.owners[0])[:, 0]
    assert np.array_equal(values, np.array([25, 30, np.nan, np.nan, np.nan, 50], np.float32), equal_nan=True)


def test_of_one_owner_alone_everything_is_kept() -> None:
    archive = Archive(STEP, ROWS)
    archive.adopt(layout(NAMES))
    for time in range(5, 60, 5):
        archive.put(time, np.arange(time, time + 6, dtype=np.float32))
    one = alone(archive, "b")
    assert (one.end, one.count) == (archive.end, archive.count)
    assert np.array_equal(one.of(one.layout.owners[0]), archive.of(archive.layout.by_uuid["b"]))
    assert alone(archive, "nobody").count == 0


def test_other_consolidations_and_strange_names_are_left_out() -> None:
    names = ["MIN:vm:a:cpu0", "AVERAGE:vm:a:cpu0", "AVERAGE:vm:a", "AVERAGE:alien:a:x", "", "AVERAGE:vm:a:read/write-x"]
    found = Layout(b"", names)
    assert [(owner.uuid, owner.shape) for owner in found.owners] == [("a", ("cpu0", "read/write-x"))]
    assert found.take.tolist() == [1, 5]
    assert found.width == 6
