"""History: the rows that are not kept, read from a host when somebody asks, and remembered while they are new."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from podium.metrics.archive import ROWS, Archive
from podium.metrics.decode import decode
from podium.metrics.poller import LIMIT_BYTES, Reader, Target
from podium.metrics.rings import archive_of
from podium.metrics.store import alone
from podium.xapi.errors import XapiGarbage

TIMEOUT_S: Final = 30.0
KEPT_BYTES: Final = 64 * 1024 * 1024
SHORTEST_S: Final = 5.0
LONGEST_S: Final = 600.0
"""The newest row of a year's archive is a day old; but a VM may have gained a disk since."""

Key = tuple[str, int, str]


class History:
    """Archives of single owners: a VM, or a host ("")."""

    def __init__(self, reader: Reader, *, clock: Callable[[], float] = time.time) -> None:
        self._reader = reader
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, Archive]] = OrderedDict()
        self._bytes = 0
        self._asking: dict[Key, asyncio.Task[dict[str, Archive]]] = {}

    async def archives(self, target: Target, step: int, uuids: Sequence[str], *, skew_s: float) -> dict[str, Archive]:
        """The archives of these owners (`target.host` itself, VMs that run there) by uuid, of those that it has.

        `step`: one of ROWS. `skew_s`: what the host's clock is ahead of ours. Asked once for all that is not known yet;
        who asks the same meanwhile waits for that answer. Raises PoolUnreachable, CertificateUntrusted,
        XapiTransportError.
        """
        now = self._clock()
        found: dict[str, Archive] = {}
        waiting: set[asyncio.Task[dict[str, Archive]]] = set()
        missing: list[str] = []
        for uuid in dict.fromkeys(uuids):
            key = (target.host, step, uuid)
            known = self._kept.get(key)
            if known is not None and now < known[0]:
                self._kept.move_to_end(key)
                found[uuid] = known[1]
            elif (asking := self._asking.get(key)) is not None:
                waiting.add(asking)
            else:
                missing.append(uuid)
        if missing:
            task = asyncio.create_task(self._ask(target, step, missing, now + skew_s))
            for uuid in missing:
                self._asking[target.host, step, uuid] = task
            task.add_done_callback(partial(self._answered, [(target.host, step, uuid) for uuid in missing]))
            waiting.add(task)
        for asked in waiting:
            # who leaves must not take the answer away from the others
            found |= {uuid: one for uuid, one in (await asyncio.shield(asked)).items() if uuid in uuids}
        return found

    def _answered(self, keys: Sequence[Key], task: asyncio.Task[dict[str, Archive]]) -> None:
        for key in keys:
            self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waited has heard it; nobody may be left

    async def _ask(self, target: Target, step: int, uuids: Sequence[str], theirs: float) -> dict[str, Archive]:
        start = int(theirs) - step * ROWS[step] + step
        # without a VM named it would answer with all of them
        vms = [uuid for uuid in uuids if uuid != target.host] or [target.host]
        query = [("cf", "AVERAGE"), ("interval", str(step)), ("json", "true"), ("start", str(start))]
        query += [("vm_uuid", uuid) for uuid in vms]
        if target.host in uuids:
            query.append(("host", "true"))
        body = await self._reader.read(
            target.pool, target.address, "/rrd_updates", query, timeout_s=TIMEOUT_S, limit_bytes=LIMIT_BYTES
        )
        update = decode(body)
        if update.step != step:
            raise XapiGarbage(f"the host answers with rows of {update.step} s for {step} s; its clock may be wrong")
        whole = await asyncio.to_thread(archive_of, update)
        answer = {uuid: alone(whole, uuid) for uuid in uuids if uuid in whole.layout.by_uuid}
        good_s = min(max(step / 2, SHORTEST_S), LONGEST_S)
        for uuid, archive in answer.items():
            self._keep((target.host, step, uuid), self._clock() + good_s, archive)
        return answer

    def _keep(self, key: Key, until: float, archive: Archive) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._bytes -= old[1].nbytes
        self._kept[key] = (until, archive)
        self._bytes += archive.nbytes
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes
