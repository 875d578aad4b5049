"""Consoles: the screen of a VM, or of a host's control domain, as the RFB bytes that its host sends."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

from podium.errors import IncorrectState, NotFound, PoolError, TooManyAttempts
from podium.model.vm import VM, AnyVM, VMController
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.stream.follower import Sleeper
from podium.stream.hub import Hub
from podium.xapi.channel import Channel

MOST: Final = 50
"""Consoles that one user may have open at once."""
_LIVE: Final = frozenset({"Running", "Paused"})
_OK: Final = 200
_BUSY: Final = 503


class Consoles:
    """Opens consoles, and counts them."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    @contextmanager
    def counted(self, by: Viewer) -> Iterator[None]:
        """Raises TooManyAttempts when the user has as many open as one may have."""
        if self._open[by.user_id] >= MOST:
            raise TooManyAttempts(f"you have {MOST} consoles open: close one first", retry_after_s=1)
        self._open[by.user_id] += 1
        try:
            yield
        finally:
            self._open[by.user_id] -= 1
            if not self._open[by.user_id]:
                del self._open[by.user_id]

    async def open(self, vm_id: str, *, by: Viewer) -> Channel:
        """A channel whose next bytes are RFB. Raises NotFound, MissingPrivileges, IncorrectState, PoolError."""
        vm = self._find(vm_id)
        by.require("console", _resource(vm), vm)
        if vm.power_state not in _LIVE:
            raise IncorrectState(f"{vm.name_label} is not running: it has no console")
        host, query = await self._location(vm)
        channel = await self._gateway.open(vm, "CONNECT", "/console", query, host=host, version="1.0")
        try:
            head = await channel.head()
            if head.status == _BUSY:
                raise IncorrectState("somebody else has this console open, and the pool allows one session only")
            if head.status != _OK:
                raise PoolError(f"the host refuses the console of {vm.name_label}: {head.status}")
        except BaseException:
            channel.close()
            raise
        return channel

    async def right_lost(self, vm_id: str, *, by: Viewer, hub: Hub) -> None:
        """Returns when the viewer may not look at that VM's console any more: he, or it, has changed."""
        sleeper = Sleeper()
        hub.join(sleeper)
        try:
            while not hub.closing:
                with suppress(NotFound):  # it ends by itself then
                    vm = self._find(vm_id)
                    if not by.may("console", _resource(vm), vm):
                        return
                await sleeper.sleep()
        finally:
            hub.leave(sleeper)

    def _find(self, vm_id: str) -> AnyVM:
        for struct, kind in ((VM, "VM"), (VMController, "VM-controller")):
            entry = self._gateway.objects.of_type(kind).get(vm_id)
            if entry is not None and isinstance(entry.object, struct):
                return entry.object
        raise NotFound("VM", vm_id)

    async def _location(self, vm: AnyVM) -> tuple[str, dict[str, str]]:
        """The address of the host that has the VM's RFB console, and how that is named there."""
        refs = await self._gateway.ask(vm, "VM.get_consoles", vm.xapi_ref)
        for ref in refs if isinstance(refs, list) else ():
            record = await self._gateway.ask(vm, "console.get_record", ref)
            if not isinstance(record, dict) or record.get("protocol") != "rfb":
                continue
            place = urlsplit(str(record.get("location", "")))
            named = {name: values[0] for name, values in parse_qs(place.query).items() if name in {"uuid", "ref"}}
            if place.hostname and named:
                return place.hostname, named
        raise IncorrectState(f"{vm.name_label} has no graphical console")


def _resource(vm: AnyVM) -> str:
    return "vm-controller" if isinstance(vm, VMController) else "vm"
