"""Trouble at a chosen call of the simulated pool, whichever method: it is refused, or somebody acts before it."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from xensim.dispatch import Dispatcher
from xensim.failures import XapiFailure
from xensim.schema import Message

READS: Final = ("event.", "task.", "session.")
"""Not steps of anybody's work."""


class Interference:
    """`calls`: the methods called since `begin`, apart from reads, in their order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self._act: Callable[[int, str], Awaitable[None]] | None = None
        real = Dispatcher._invoke

        async def invoke(
            dispatcher: Dispatcher, message: Message, session: str, task: str, values: list[object]
        ) -> object:
            name = message.full_name
            if self._act is not None and message.role != "read-only" and not name.startswith(READS):
                self.calls.append(name)
                await self._act(len(self.calls) - 1, name)
            return await real(dispatcher, message, session, task, values)

        monkeypatch.setattr(Dispatcher, "_invoke", invoke)

    def begin(self, act: Callable[[int, str], Awaitable[None]] | None = None) -> None:
        """Count from now on. `act` is awaited before each call, with its number (from 0) and its method."""

        async def nothing(_: int, __: str) -> None: ...

        self.calls = []
        self._act = act or nothing

    def refuse(self, which: int | str) -> None:
        """Refuse one call from now on: that number, or the first of that method."""
        refused = False

        async def act(number: int, method: str) -> None:
            nonlocal refused
            if not refused and which in (number, method):
                refused = True
                raise XapiFailure("INTERNAL_ERROR", "simulated")

        self.begin(act)


@pytest.fixture
def interference(monkeypatch: pytest.MonkeyPatch) -> Interference:
    return Interference(monkeypatch)
