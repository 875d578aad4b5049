"""Turns: long walks through many objects, which give way to everybody else, and to each other."""

import asyncio
import time
from types import TracebackType
from typing import ClassVar, Final, Self

TURN_S: Final = 0.005
"""How long one walk may hold the event loop."""
LONG: Final = 1_000
"""A walk past so many objects takes longer than a turn, most likely: it waits for its first one, too."""


class Turns:
    """One walk's turns. Used as `with`; `rest` is called often, and comes back at once unless the turn is over.

    Of all long walks together one has its turn, whoever else comes by waits for that one only: a hundred clients that
    each ask for everything get it later, and nobody else notices.
    """

    _walking: ClassVar[int] = 0

    def __init__(self) -> None:
        self.spent = 0.0
        """Processor time, in seconds, of the turns that are over."""
        self._counted = False
        self._began = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.pause()

    async def begin(self, objects: int) -> None:
        """Before a walk past so many objects: wait for a turn."""
        if objects > LONG:
            await self._give_way()

    async def rest(self) -> bool:
        """Whether the turn was over, and others have had theirs."""
        used = time.perf_counter() - self._began
        if used < TURN_S:
            return False
        self.spent += used
        await self._give_way()
        return True

    def pause(self) -> None:
        """The walk stands still for as long as somebody else decides (a reader): it holds nobody up."""
        Turns._walking -= self._counted
        self._counted = False

    def resume(self) -> None:
        """After a pause."""
        self._began = time.perf_counter()

    async def _give_way(self) -> None:
        others = Turns._walking - self._counted
        if not self._counted:
            self._counted = True
            Turns._walking += 1
        await asyncio.sleep(TURN_S * others)
        self._began = time.perf_counter()
