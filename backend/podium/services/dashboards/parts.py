"""Parts: an answer that is made of several, each as soon as it can be had (dashboards)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

import structlog

from podium.errors import PodiumError
from podium.model.dashboard import Failed

log = structlog.get_logger(__name__)

Make = Callable[[], Coroutine[Any, Any, object]]
Parts = Mapping[str, Make]
"""By path (`hosts.status`): what makes that part."""


async def finished(parts: Parts) -> AsyncIterator[tuple[str, object]]:
    """Each part with its path, as it is there; Failed in place of one that raised a PodiumError."""
    tasks = [asyncio.create_task(_made(path, make)) for path, make in parts.items()]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def together(parts: Parts) -> dict[str, Any]:
    """All of them, nested by path, in the order of `parts`."""
    values = {path: value async for path, value in finished(parts)}
    found: dict[str, Any] = {}
    for path in parts:
        at = found
        *outer, name = path.split(".")
        for step in outer:
            at = at.setdefault(step, {})
        at[name] = values[path]
    return found


def nested(path: str, value: object) -> object:
    """`{"hosts": {"status": value}}`, of `hosts.status`."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


async def _made(path: str, make: Make) -> tuple[str, object]:
    try:
        return path, await make()
    except PodiumError as error:
        log.warning("a part of a dashboard failed", part=path, error=str(error))
        return path, Failed()
