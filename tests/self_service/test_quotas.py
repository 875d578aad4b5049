"""Room in a set: for any interleaving, what is there and what is held never comes to more than the limit."""

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from podium.cache.objects import Objects
from podium.errors import NotEnoughResources
from podium.model.registry import BY_STRUCT
from podium.model.resource_set import LimitName, ResourceLimit, ResourceSet, ResourceUsage
from podium.services.quotas import Amount, Quotas

LIMIT = 10
amounts = st.integers(0, 6)
steps = st.lists(st.one_of(st.tuples(st.just("take"), amounts), st.tuples(st.just("leave"), st.integers(0, 20))))


@given(steps)
def test_what_is_held_never_exceeds_the_limit(taken: list[tuple[str, int]]) -> None:
    objects = Objects(epoch="test", publish=lambda _: None, resource_of=lambda one: BY_STRUCT[type(one)])
    limits: dict[LimitName, ResourceLimit] = {"cpus": ResourceLimit(LIMIT, 0, LIMIT)}
    objects.put(ResourceSet(id="s", name="s", subjects=(), objects=(), limits=limits, usage=ResourceUsage()))
    quotas = Quotas(objects)
    held: list[tuple[int, ExitStack]] = []
    for what, number in taken:
        total = sum(cpus for cpus, _ in held)
        if what == "leave":
            if held:
                held.pop(number % len(held))[1].close()
            continue
        room = ExitStack()
        try:
            room.enter_context(quotas.hold("s", Amount(cpus=number)))
        except NotEnoughResources:
            assert total + number > LIMIT
        else:
            assert total + number <= LIMIT
            held.append((number, room))
    for _, room in held:
        room.close()
    with quotas.hold("s", Amount(cpus=LIMIT)):
        pass
