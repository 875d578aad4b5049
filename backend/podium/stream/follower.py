"""Following the hub: the sleep and the wake that every kind of stream shares."""

import asyncio

from podium.stream.hub import Hub


class Sleeper:
    """Sleeps until woken. A wake while awake is remembered, so none is lost."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self._woken = False

    def wake(self) -> None:
        self._woken = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def sleep(self) -> None:
        """Return at the next wake, or at once when there was one since the last sleep."""
        if not self._woken:
            self._future = asyncio.get_running_loop().create_future()
            try:
                await self._future
            finally:
                self._future = None
        self._woken = False


class Heart:
    """Wakes a sleeper at a fixed interval, and says that it did."""

    def __init__(self, sleeper: Sleeper, interval_s: float) -> None:
        self._sleeper = sleeper
        self._interval_s = interval_s
        self._timer: asyncio.TimerHandle | None = None
        self.due = False

    def start(self) -> None:
        self.due = False
        self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        self.due = True
        self._sleeper.wake()


def parse_position(text: str | None, *, epoch: str, hub: Hub) -> int | None:
    """The revision in a frame's id (`<epoch>-<revision>[.<n>]`); None for another epoch's, or a malformed one."""
    if not text:
        return None
    name, _, rest = text.strip().rpartition("-")
    number = rest.partition(".")[0]
    if name != epoch or not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    revision = int(number)
    return revision if 0 < revision <= hub.revision else None
