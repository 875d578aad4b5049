"""Transfers: VMs and disks as streams, out of a pool and into one, each a Task with progress that can be aborted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal, TypeVar

from podium.errors import IncorrectState, InvalidParameters
from podium.model.base import PoolObject
from podium.model.host import Host
from podium.model.pbd import PBD
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.model.vdi import VDI, AnyVDI, VDISnapshot
from podium.model.vm import VM, AnyVM, VMSnapshot, VMTemplate
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.streaming import Body, Handler, Outgoing, Streaming
from podium.services.tasks import Progress, Tasks
from podium.services.vhd import FOOTER_BYTES, virtual_size

T = TypeVar("T")

DiskFormat = Literal["raw", "vhd"]
Compression = Literal["gzip", "zstd"]

_VM_TYPES: Final[dict[str, tuple[type[AnyVM], str]]] = {
    "vms": (VM, "VM"),
    "vm-snapshots": (VMSnapshot, "VM-snapshot"),
    "vm-templates": (VMTemplate, "VM-template"),
}
_VDI_TYPES: Final[dict[str, tuple[type[AnyVDI], str]]] = {
    "vdis": (VDI, "VDI"),
    "vdi-snapshots": (VDISnapshot, "VDI-snapshot"),
}


class Transfers:
    """What goes out of pools and into them as a stream."""

    def __init__(self, gateway: Gateway, tasks: Tasks) -> None:
        self._gateway = gateway
        self._tasks = tasks
        self._streaming = Streaming(gateway, tasks)

    async def export_vm(self, collection: str, vm_id: str, *, compress: Compression | None, by: Viewer) -> Outgoing:
        """A VM, snapshot or template with its disks as XVA. Raises what the pool refuses before the first byte."""
        struct, kind = _VM_TYPES[collection]
        vm = self._gateway.find(struct, kind, vm_id)
        by.require("export", kind.lower(), vm)
        query = {"uuid": _uuid(vm), "use_compression": compress or "false"}
        return await self._streaming.outgoing(
            Handler(vm, "export VM", "/export", query), by=by, operation="export", filename=f"{vm.name_label}.xva"
        )

    async def export_vdi(
        self, collection: str, vdi_id: str, form: DiskFormat, *, by: Viewer, start: int = 0
    ) -> Outgoing:
        """A disk's content. `start`: skip that many bytes of it (raw only), to go on where a transfer broke off."""
        struct, kind = _VDI_TYPES[collection]
        vdi = self._gateway.find(struct, kind, vdi_id)
        by.require("export-content" if isinstance(vdi, VDI) else "export", kind.lower(), vdi)
        if start and (form != "raw" or start >= vdi.size):
            raise InvalidParameters(f"the content cannot be sent from byte {start} on: it has {vdi.size} bytes")
        handler = Handler(
            vdi,
            "export VDI content",
            "/export_raw_vdi",
            {"vdi": _uuid(vdi), "format": form},
            host=self._host_of(vdi.sr),
            length=vdi.size if form == "raw" else None,
        )
        filename = f"{vdi.name_label or vdi.id}.{form}"
        return await self._streaming.outgoing(handler, by=by, operation="export", filename=filename, start=start)

    async def import_vdi(self, vdi_id: str, form: DiskFormat, body: Body, *, length: int | None, by: Viewer) -> None:
        """Replace a disk's content. Raises what the pool refuses; the disk's content is then undefined."""
        vdi = self._gateway.find(VDI, "VDI", vdi_id)
        by.require("import-content", "vdi", vdi)
        if form == "raw" and length is not None and length > vdi.size:
            raise InvalidParameters(f"the content has {length} bytes, the disk {vdi.size}")

        async def work(progress: Progress) -> None:
            content = body
            if form == "vhd":
                first, rest = await _peek(body, FOOTER_BYTES)
                if virtual_size(first) > vdi.size:
                    raise InvalidParameters(f"the VHD's disk has {virtual_size(first)} bytes, this one {vdi.size}")
                content = _joined(first, rest)
            await self._fill(vdi, form, content, length=length, progress=progress)

        await self._done("import VDI content", work, by=by, about=("VDI", vdi.id))

    async def create_vdi(
        self,
        sr_id: str,
        body: Body,
        *,
        raw: bool,
        length: int | None,
        name_label: str,
        name_description: str,
        by: Viewer,
    ) -> str:
        """A new disk on an SR, with a content: its id. What is half there when it fails is removed again."""
        sr = self._gateway.find(SR, "SR", sr_id)
        by.require("import:vdi", "sr", sr)
        form: DiskFormat = "raw" if raw else "vhd"
        if raw and length is None:
            raise InvalidParameters("the length of a raw disk must be known: send Content-Length")

        async def work(progress: Progress) -> dict[str, str]:
            first, rest = b"", body
            if raw:
                size = length or 0
            else:
                first, rest = await _peek(body, FOOTER_BYTES)
                size = virtual_size(first)
            async with self._gateway.steps(sr) as steps:
                vdi = await self._new_vdi(sr, size, name_label=name_label, name_description=name_description)
                steps.done("created the disk", lambda: self._gateway.call(vdi, "VDI.destroy", vdi.xapi_ref))
                await self._fill(vdi, form, _joined(first, rest), length=length, progress=progress)
            return {"id": vdi.id}

        made = await self._done("import VDI", work, by=by, about=("SR", sr.id))
        return made["id"]

    async def import_vm(self, pool_id: str, body: Body, *, sr_id: str | None, length: int | None, by: Viewer) -> str:
        """A VM out of an XVA, gzip and zstd included: its id."""
        pool = self._gateway.find(Pool, "pool", pool_id)
        target = sr_id or (pool.default_sr if isinstance(pool.default_sr, str) else None)
        if target is None:
            raise InvalidParameters("the pool has no default SR: name one with ?sr=")
        sr = self._gateway.visible(SR, "SR", target, by)
        if sr.pool != pool.id:
            raise InvalidParameters(f"the SR {sr.name_label} is in another pool")
        by.require("import:vm", "sr", sr)

        async def work(progress: Progress) -> dict[str, str]:
            handler = Handler(
                pool, "import VM", "/import", {"sr_uuid": sr.id}, host=self._host_of(sr.id), length=length
            )
            result = await self._streaming.upload(handler, body, progress=progress)
            ref = result.removeprefix("<array><data><value>").partition("</value>")[0]
            return {"id": await self._gateway.created(pool, ref)}

        made = await self._done("import VM", work, by=by, about=("pool", pool.id))
        return made["id"]

    async def host_file(self, host_id: str, path: str, *, filename: str, media_type: str, by: Viewer) -> Outgoing:
        """A log of a host, which the host itself has to send."""
        host = self._gateway.find(Host, "host", host_id)
        by.require("export:logs", "host", host)
        if host.power_state == "Halted":
            raise IncorrectState(f"the host {host.name_label} is not running")
        handler = Handler(host, "export host logs", path, host=host.address)
        return await self._streaming.outgoing(handler, by=by, filename=filename, media_type=media_type)

    async def write_raw(self, vdi: VDI, content: bytes, *, progress: Progress) -> None:
        """Fill a disk with what is at hand, e.g. a cloud-init drive, as a step of a Task."""

        async def body() -> Body:
            yield content

        await self._fill(vdi, "raw", body(), length=len(content), progress=progress)

    async def _fill(self, vdi: VDI, form: DiskFormat, body: Body, *, length: int | None, progress: Progress) -> None:
        with self._gateway.busy.hold(vdi, "import", task_id=progress.task_id):
            handler = Handler(
                vdi,
                "import VDI content",
                "/import_raw_vdi",
                {"vdi": _uuid(vdi), "format": form},
                host=self._host_of(vdi.sr),
                length=length,
            )
            await self._streaming.upload(handler, body, progress=progress)
            await self._gateway.settle(vdi)

    async def _new_vdi(self, sr: SR, size: int, *, name_label: str, name_description: str) -> VDI:
        record = {
            "name_label": name_label,
            "name_description": name_description,
            "SR": sr.xapi_ref,
            "virtual_size": size,
            "type": "user",
            "sharable": False,
            "read_only": False,
            "other_config": {},
            "xenstore_data": {},
            "sm_config": {},
            "tags": [],
        }
        ref = await self._gateway.run(sr, "VDI.create", record)
        return self._gateway.find(VDI, "VDI", await self._gateway.created(sr, ref))

    async def _done(
        self, what: str, work: Callable[[Progress], Awaitable[T]], *, by: Viewer, about: tuple[str, str]
    ) -> T:
        """Run an import as a Task and wait for it; when the request ends before, so does the work."""

        async def counted(progress: Progress) -> T:
            with self._streaming.counted(by):
                return await work(progress)

        running = await self._tasks.start(f"REST API: {what}", counted, viewer=by, about=about)
        try:
            return await running.result()
        except asyncio.CancelledError:
            running.work.cancel()
            await asyncio.wait({running.attendant})
            raise

    def _host_of(self, sr_id: object) -> str | None:
        """The address of a host that sees the SR, the coordinator if it does; None: any."""
        sr = self._gateway.objects.of_type("SR").get(str(sr_id))
        if sr is None or not isinstance(sr.object, SR):
            return None
        pool = self._gateway.objects.of_type("pool").get(sr.object.pool)
        master = pool.object.master if pool is not None and isinstance(pool.object, Pool) else None
        addresses: dict[str, str] = {}
        for pbd_id in sr.object.pbds:
            pbd = self._gateway.objects.of_type("PBD").get(pbd_id or "")
            if pbd is None or not isinstance(pbd.object, PBD) or not pbd.object.attached:
                continue
            host = self._gateway.objects.of_type("host").get(str(pbd.object.host))
            if host is not None and isinstance(host.object, Host) and host.object.power_state == "Running":
                addresses[host.id] = host.object.address
        if not addresses or master in addresses:
            return addresses.get(str(master))
        return next(iter(addresses.values()))


def _uuid(one: PoolObject) -> str:
    return one.uuid if isinstance(one.uuid, str) else one.id


async def _peek(body: Body, size: int) -> tuple[bytes, Body]:
    first = b""
    async for chunk in body:
        first += chunk
        if len(first) >= size:
            break
    return first, body


async def _joined(first: bytes, rest: Body) -> Body:
    if first:
        yield first
    async for chunk in rest:
        yield chunk
