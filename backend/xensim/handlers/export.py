"""`/export` and `/export_metadata`: VMs as an XVA, a tar of `ova.xml` and the disks in pieces of 1 MiB.

Sources: PROTOCOL.md 7; the replies and archives of wire/09-019 to 09-022, 11-001, 11-002.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from xensim import compression, ova, tar
from xensim.clock import NEVER
from xensim.content import BLOCK, ZEROS
from xensim.failures import internal_error
from xensim.handlers import disk
from xensim.handlers.registry import handler
from xensim.handlers.visit import Progress, Visit
from xensim.ops import vm_rules
from xensim.ops.locks import vm_operation
from xensim.ops.values import number, strings, text
from xensim.registry import Call
from xensim.schema import NULL_REF

PIECE = 1 << 20
_PER_BLOCK = BLOCK // PIECE
CHECKSUM = ".checksum"  # SHA-1, which every server reads; recent ones write `.xxhash`
_COMPRESSIONS = {"true": "gzip", "gzip": "gzip", "zstd": "zstd"}
_ATTACHMENT = 'Content-Disposition: attachment; filename="export.xva"'
# What the copy of one VM does not remember: its snapshots, and that it is one.
_ALONE: dict[str, object] = {"is_a_snapshot": False, "snapshot_of": NULL_REF, "snapshots": [], "snapshot_time": NEVER,
          "transportable_snapshot_id": "", "parent": NULL_REF, "children": []}  # fmt: skip


@handler("GET", "/export", realm="get_export")
async def export(visit: Visit) -> None:
    vm = visit.object("VM")
    for vdi in _disks(visit, vm, suspended=visit.flag("preserve_power_state")):
        visit.redirect_unless_near(text(visit.db.field("VDI", vdi, "SR")))
    async with visit.working("VM.export") as call, vm_operation(call, vm, "export"):
        name = _COMPRESSIONS.get(visit.query.get("use_compression", ""), "")
        if not compression.available(name):
            raise internal_error(f'Failure("{name} is not installed")')
        await visit.head(*_head(visit, call))
        await _Archive(visit, call, compression.packer(name)).send(vm)


@handler("GET", "/export_metadata", realm="get_export_metadata")
async def export_metadata(visit: Visit) -> None:
    db = visit.db
    if visit.flag("all"):
        with_dom0 = visit.query.get("include_dom0", "true") == "true"
        vms = [ref for ref, row in db.rows("VM").items() if not row.record["is_default_template"]]
        vms = [vm for vm in vms if with_dom0 or not db.field("VM", vm, "is_control_domain")]
    else:
        vms = [visit.object("VM")]
        if visit.query.get("export_snapshots", "true") == "true":
            vms += strings(db.field("VM", vms[0], "snapshots"))
    async with visit.working("VM.export_metadata") as call:
        for vm in vms:
            vm_rules.check(db, vm, "metadata_export")
        table = ova.Table(db)
        for vm in vms:
            table.add_vm(vm)
        now = visit.pool.clock
        data = ova.encode(db, visit.host, table.things(), now.wire())
        body = tar.member("ova.xml", data, now.now()) + tar.END
        await visit.head(*_head(visit, call), f"Content-Length: {len(body)}")
        await visit.stream.send(body)


def _head(visit: Visit, call: Call) -> tuple[str, ...]:
    version = visit.db.entries("host", visit.host, "software_version").get("xapi", "26.26")
    return (
        "HTTP/1.0 200 OK", "Connection: close", f"task-id: {call.task}", f"Server: xapi/{version}",
        "content-type: application/octet-stream", _ATTACHMENT,
    )  # fmt: skip


def _disks(visit: Visit, vm: str, *, suspended: bool) -> list[str]:
    """The disks whose bytes belong to a VM, each once; the memory of a suspended one if it is wanted."""
    db = visit.db
    record = db.record("VM", vm)
    vbds = [db.record("VBD", vbd) for vbd in strings(record["VBDs"])]
    disks = [text(vbd["VDI"]) for vbd in vbds if vbd["type"] == "Disk" and db.exists("VDI", text(vbd["VDI"]))]
    image = text(record["suspend_VDI"])
    return list(dict.fromkeys([*disks, *([image] if suspended and db.exists("VDI", image) else [])]))


class _Archive:
    """The XVA of one VM on its way out."""

    def __init__(self, visit: Visit, call: Call, packer: compression.Packer) -> None:
        self._visit = visit
        self._call = call
        self._packer = packer
        self._time = visit.pool.clock.now()

    async def send(self, vm: str) -> None:
        db = self._visit.db
        suspended = self._visit.flag("preserve_power_state")
        table = ova.Table(db)
        table.add_vm(vm)
        disks = _disks(self._visit, vm, suspended=suspended)
        things = [_alone(thing, suspended=suspended) for thing in table.things()]
        data = ova.encode(db, self._visit.host, things, self._visit.pool.clock.wire())
        await self._put(tar.member("ova.xml", data, self._time))
        progress = Progress(self._call, sum(self._visit.pool.contents.allocated(vdi) for vdi in disks))
        for vdi in disks:
            async with disk.attached(self._visit.pool, self._visit.host, vdi, writes=False):
                await self._disk(vdi, table.name("VDI", vdi), progress)
        await self._put(tar.END)
        await self._visit.stream.send(self._packer.flush())

    async def _disk(self, vdi: str, name: str, progress: Progress) -> None:
        """Every piece that holds something, and the first and the last in any case: so the reader knows the size."""
        contents = self._visit.pool.contents
        size = number(self._visit.db.field("VDI", vdi, "virtual_size"))
        last = (size - 1) // PIECE
        filled = {at for block in contents.blocks(vdi) for at in range(block * _PER_BLOCK, (block + 1) * _PER_BLOCK)}
        for at in sorted({0, last} | {at for at in filled if at < last}):
            length = min(PIECE, size - at * PIECE)
            data = contents.read(vdi, at * PIECE, length)
            if at in {0, last} or not ZEROS.startswith(data):
                checksum = hashlib.sha1(data, usedforsecurity=False).hexdigest().encode()
                await self._put(tar.head(f"{name}/{at:08d}", length, self._time))
                await self._put(data)
                file = tar.member(f"{name}/{at:08d}{CHECKSUM}", checksum, self._time)
                await self._put(tar.padding(length) + file)
            progress.add(length)

    async def _put(self, data: bytes) -> None:
        if packed := await compression.pack(self._packer, data):
            await self._visit.stream.send(packed)


def _alone(thing: ova.Thing, *, suspended: bool) -> ova.Thing:
    if thing.cls != "VM":
        return thing
    halted: dict[str, object] = {} if suspended else {"power_state": "Halted", "suspend_VDI": NULL_REF}
    return replace(thing, record=thing.record | _ALONE | halted)
