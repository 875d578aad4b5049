"""A client of the event stream that follows the protocol and keeps what it learned."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import httpx


class Follower:
    """Keeps a view of the collections it follows, over as many connections as it takes."""

    def __init__(self, client: httpx.AsyncClient, **params: str) -> None:
        self._client = client
        self._params = params
        self.view: dict[str, dict[str, dict[str, Any]]] = {}
        self.fresh: dict[str, dict[str, dict[str, Any]]] = {}
        self.frames: list[tuple[str, dict[str, Any]]] = []
        self.last_id: str | None = None
        self.synced = asyncio.Event()
        self.connections = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        async with asyncio.timeout(15):
            await self.synced.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def until(self, test: Callable[["Follower"], bool], within_s: float = 15.0) -> None:
        """Wait until `test` holds of what was learned."""
        async with asyncio.timeout(within_s):
            while not test(self):
                await asyncio.sleep(0.01)

    async def _run(self) -> None:
        while True:
            headers = {} if self.last_id is None else {"Last-Event-ID": self.last_id}
            self.connections += 1
            with suppress(httpx.TransportError):
                async with self._client.stream(
                    "GET", "/rest/v0/events", params=self._params, headers=headers, timeout=60
                ) as answer:
                    assert answer.status_code == 200, await answer.aread()
                    frame: dict[str, str] = {}
                    async for line in answer.aiter_lines():
                        if line:
                            name, _, value = line.partition(": ")
                            frame[name] = value
                        elif frame:
                            self._take(frame)
                            frame = {}
            await asyncio.sleep(0.05)

    def _take(self, frame: dict[str, str]) -> None:
        data = json.loads(frame["data"])
        kind = frame["event"]
        self.frames.append((kind, data))
        self.last_id = frame.get("id", self.last_id)
        name = data.pop("$subscription", None)
        if name is None:
            return
        view = self.fresh.get(name, self.view.setdefault(name, {}))
        if kind == "reset":
            self.fresh[name] = {}
        elif kind == "synced":
            if name in self.fresh:
                self.view[name] = self.fresh.pop(name)
            wanted = self._params["collections"].split(",")
            if all(one in self.view and one not in self.fresh for one in wanted):
                self.synced.set()
        elif kind == "remove":
            view.pop(data["id"], None)
        elif kind == "patch":
            view[data["id"]] = merge(view[data["id"]], data["patch"])
        else:
            view[data["id"]] = data


def merge(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7386."""
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merge(result.get(key), value)
        else:
            result[key] = value
    return result
