"""SRs: storage comes into a pool, is looked after, and leaves it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from podium.errors import IncorrectState, NotFound, NotSupported, PodiumError, PoolError
from podium.model.base import PoolObject
from podium.model.host import Host
from podium.model.pbd import PBD
from podium.model.sr import SR
from podium.model.xml import parse
from podium.services.access import Viewer
from podium.services.edits import Editor, require_update
from podium.services.gateway import Gateway
from podium.services.sr_probe import Probed, asked, found
from podium.services.tasks import Progress
from podium.services.undo import Steps, Undo

SHARED_TYPES: Final = frozenset(
    {"cephfs", "glusterfs", "hba", "lvmofcoe", "lvmohba", "lvmoiscsi", "moosefs", "nfs", "smb"}
)
_HOST_DOWN: Final = "HOST_OFFLINE"


class NewSr(msgspec.Struct, frozen=True, kw_only=True):
    """An SR that is wanted. `size` is bytes, 0 for all that there is."""

    host_id: str
    name_label: str
    sr_type: str
    device_config: Mapping[str, str]
    name_description: str = ""
    content_type: str = "user"
    size: int = 0
    sm_config: Mapping[str, str] = {}


def is_shared(sr_type: str, device_config: Mapping[str, str]) -> bool:
    """Whether all hosts of a pool can have such an SR. Source: ANCHOR.md 1.7."""
    if sr_type == "iso":
        return device_config.get("legacy_mode") != "true"
    return sr_type in SHARED_TYPES


class Srs:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, sr_id: str, action: str, *, by: Viewer) -> SR:
        """Raises NotFound, MissingPrivileges."""
        sr = self._gateway.find(SR, "SR", sr_id)
        by.require(action, "sr", sr)
        return sr

    def require_new(self, host_id: str, sr_type: str, *, by: Viewer) -> Host:
        """The host that makes or finds the SR. Raises NotFound, MissingPrivileges, NotSupported."""
        by.require_any("create", "sr")
        host = self._gateway.visible(Host, "host", host_id, by)
        by.require("create", "sr", {"hostId": host_id, "SR_type": sr_type}, around=(host,))
        if sr_type.lower() == "linstor":
            raise NotSupported("LINSTOR (XOSTOR) storage is made by its own installer, on every host")
        return host

    async def create(self, wanted: NewSr, *, by: Viewer, progress: Progress) -> str:
        """A new, empty SR, plugged on all hosts where it is shared: its id."""
        host = self.require_new(wanted.host_id, wanted.sr_type, by=by)
        ref = await self._gateway.run(
            host,
            "SR.create",
            host.xapi_ref,
            dict(wanted.device_config),
            wanted.size,
            wanted.name_label,
            wanted.name_description,
            wanted.sr_type,
            wanted.content_type,
            is_shared(wanted.sr_type, wanted.device_config),
            dict(wanted.sm_config),
            progress=progress,
        )
        return await self._gateway.created(host, ref)

    async def probe(self, host_id: str, sr_type: str, device_config: Mapping[str, str], *, by: Viewer) -> Probed:
        """What the storage offers with what is known of it so far. Raises what the driver says that is no question."""
        host = self.require_new(host_id, sr_type, by=by)
        try:
            answer = await self._gateway.run(host, "SR.probe", host.xapi_ref, dict(device_config), sr_type, {})
        except PodiumError as error:
            question = None if error.xapi is None else asked(error.xapi, device_config)
            if question is None:
                raise
            return question
        return found(answer, device_config)

    async def introduce(self, uuid: str, wanted: NewSr, *, by: Viewer, progress: Progress) -> str:
        """Take up an SR that is there already, with its disks: its id. A failure leaves the pool as it was."""
        host = self.require_new(wanted.host_id, wanted.sr_type, by=by)
        shared = is_shared(wanted.sr_type, wanted.device_config)
        async with self._gateway.steps(host) as steps:
            ref = await self._gateway.make(
                steps,
                f"introduced {wanted.name_label}",
                host,
                "SR.introduce",
                uuid,
                wanted.name_label,
                wanted.name_description,
                wanted.sr_type,
                wanted.content_type,
                shared,
                dict(wanted.sm_config),
                undo=lambda made: self._gateway.run(host, "SR.forget", made),
            )
            hosts = self._hosts(host) if shared else [host]
            for at, one in enumerate(hosts):
                part = progress.part(10 + 80 * at / len(hosts), 10 + 80 * (at + 1) / len(hosts))
                await self._connect(one, ref, wanted.device_config, steps, part, needed=one.id == host.id)
            return await self._gateway.created(host, ref)

    async def update(self, sr_id: str, changes: Mapping[str, Any], *, by: Viewer) -> None:
        """`changes`: of name_label, name_description, tags, shared. All of them, or none."""
        sr = self._gateway.find(SR, "SR", sr_id)
        require_update(by, "sr", sr, changes)
        editor = await Editor.of(self._gateway, sr, "SR")
        for field, value in changes.items():
            editor.set(field, list(value) if isinstance(value, (list, tuple)) else value)
        await editor.apply()
        await self._gateway.settle(sr)

    async def delete(self, sr_id: str, *, by: Viewer) -> None:
        """Wipe the SR: it must be empty. Its hosts are disconnected first, and connected again when it fails."""
        sr = self.require(sr_id, "delete", by=by)
        disks = self._disks(sr)
        if disks:
            raise IncorrectState(f"{sr.name_label} is not empty: it has {disks} disk{'s' if disks > 1 else ''}")
        with self._gateway.busy.hold(sr, "destroy"):
            async with self._gateway.steps(sr) as steps:
                await self._disconnect(sr, steps)
                await self._gateway.run(sr, "SR.destroy", sr.xapi_ref)
            await self._gateway.settle(sr)

    async def forget(self, sr_id: str, *, by: Viewer, progress: Progress) -> None:
        """Take the SR out of the pool; what is on it stays. Its hosts are connected again when it fails."""
        sr = self.require(sr_id, "forget", by=by)
        with self._gateway.busy.hold(sr, "forget", task_id=progress.task_id):
            async with self._gateway.steps(sr) as steps:
                await self._disconnect(sr, steps, progress.part(0, 80))
                await self._gateway.run(sr, "SR.forget", sr.xapi_ref, progress=progress.part(80, 100))
            await self._gateway.settle(sr)

    async def scan(self, sr_id: str, *, by: Viewer, progress: Progress) -> None:
        """Look what disks are there, and how much room."""
        sr = self.require(sr_id, "scan", by=by)
        with self._gateway.busy.hold(sr, "scan", task_id=progress.task_id):
            await self._gateway.run(sr, "SR.scan", sr.xapi_ref, progress=progress)
            await self._gateway.settle(sr)

    async def reclaim_space(self, sr_id: str, *, by: Viewer, progress: Progress) -> None:
        """Give back to the storage what deleted disks took there (TRIM). Raises NotSupported for storage without."""
        sr = self.require(sr_id, "reclaim-space", by=by)
        plugged = next((pbd for pbd in self._pbds(sr) if pbd.attached), None)
        if plugged is None:
            raise IncorrectState(f"{sr.name_label} is not connected to any host")
        host = self._gateway.find(Host, "host", str(plugged.host))
        with self._gateway.busy.hold(sr, "update", task_id=progress.task_id):
            arguments = (host.xapi_ref, "trim", "do_trim", {"sr_uuid": sr.uuid})
            answer = await self._gateway.run(sr, "host.call_plugin", *arguments, progress=progress)
            _require_trimmed(answer, sr)
            await self._gateway.settle(sr)

    async def _connect(
        self,
        host: Host,
        sr: str,
        device_config: Mapping[str, str],
        steps: Steps,
        progress: Progress,
        *,
        needed: bool,
    ) -> None:
        """A host that is down gets its connection when it is up, unless it is the one that is `needed`."""
        record = {"host": host.xapi_ref, "SR": sr, "device_config": dict(device_config)}
        pbd = str(await self._gateway.call(host, "PBD.create", record))
        steps.done(f"prepared {host.name_label}", lambda: self._gateway.call(host, "PBD.destroy", pbd))
        try:
            undo = self._switch(host, "unplug", pbd)
            await self._step(host, "plug", pbd, steps, f"connected {host.name_label}", undo, progress=progress)
        except PodiumError as error:
            if needed or error.xapi is None or error.xapi.code != _HOST_DOWN:
                raise
            progress.warning(f"{host.name_label} is down: it gets the SR when it is up", {"id": host.id})

    async def _disconnect(self, sr: SR, steps: Steps, progress: Progress | None = None) -> None:
        plugged = [pbd for pbd in self._pbds(sr) if pbd.attached]
        for at, pbd in enumerate(plugged):
            undo = self._switch(sr, "plug", pbd.xapi_ref)
            await self._step(sr, "unplug", pbd.xapi_ref, steps, f"disconnected {self._host_name(pbd)}", undo)
            if progress is not None:
                progress.at(100 * (at + 1) / len(plugged))

    async def _step(
        self,
        about: PoolObject,
        operation: str,
        pbd: str,
        steps: Steps,
        what: str,
        undo: Undo,
        *,
        progress: Progress | None = None,
    ) -> None:
        """Plug or unplug, to be taken back; also when it was done only after somebody aborted the work."""
        await self._gateway.run(
            about, f"PBD.{operation}", pbd, progress=progress, too_late=lambda _: steps.done(what, undo)
        )
        steps.done(what, undo)

    def _switch(self, about: PoolObject, operation: str, pbd: str) -> Undo:
        return lambda: self._gateway.run(about, f"PBD.{operation}", pbd)

    def _host_name(self, pbd: PBD) -> str:
        try:
            return self._gateway.find(Host, "host", str(pbd.host)).name_label
        except NotFound:
            return "a host"

    def _pbds(self, sr: SR) -> list[PBD]:
        entries = (self._gateway.objects.of_type("PBD").get(one or "") for one in sr.pbds)
        return [entry.object for entry in entries if entry is not None and isinstance(entry.object, PBD)]

    def _disks(self, sr: SR) -> int:
        kinds = (self._gateway.objects.of_type("VDI"), self._gateway.objects.of_type("VDI-snapshot"))
        return sum(1 for one in sr.vdis if one is not None and any(kind.get(one) is not None for kind in kinds))

    def _hosts(self, like: Host) -> list[Host]:
        """All hosts of the pool, the one that knows the storage first."""
        others = [entry.object for entry in self._gateway.objects.ordered("host") if entry.pool == like.pool]
        return [like, *(one for one in others if isinstance(one, Host) and one.id != like.id)]


def _require_trimmed(answer: str, sr: SR) -> None:
    """The plugin says True, or in XML what went wrong (sm, `trim_util.py`)."""
    root = parse(answer)
    if root is None:
        if answer.strip().lower() == "true":
            return
        raise PoolError(f"{sr.name_label} does not say whether space was reclaimed: {answer[:200]}")
    pairs = {pair.findtext("key", ""): pair.findtext("value", "") for pair in root.iter("key_value_pair")}
    code, message = pairs.get("errcode", ""), pairs.get("errmsg", "")
    if not code:
        return
    if "Unsupported" in code:
        raise NotSupported(f"{sr.name_label} cannot give space back: {message or code}")
    raise PoolError(f"{sr.name_label} failed to give space back: {message or code}")
