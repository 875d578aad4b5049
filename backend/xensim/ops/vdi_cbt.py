"""Changed block tracking: what a backup asks to read only what changed since the last one."""

import base64

from xensim.content import BLOCK
from xensim.failures import XapiFailure
from xensim.ops import devices, images, vdi
from xensim.ops.locks import object_operation, work
from xensim.ops.values import number, strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

GRAIN = 64 << 10  # bytes that one bit stands for
NBD_PORT = 10_809
_PURPOSES = frozenset({"nbd", "insecure_nbd"})


@operation("VDI.enable_cbt", "VDI.disable_cbt")
async def switch(call: Call, self: str) -> None:
    """Idempotent, and possible while a VM has the disk open."""
    op = call.method.removeprefix("VDI.")
    _check_switch(call, self, op)
    async with object_operation(call, "VDI", self, op):
        await work(call, vdi.QUICK_S)
        _check_switch(call, self, op)
        call.db.set("VDI", self, cbt_enabled=op == "enable_cbt")
    devices.refresh_vdi(call.db, self)


@operation("VDI.data_destroy")
async def data_destroy(call: Call, self: str) -> None:
    """Drop the data of a snapshot and keep what is needed to tell later ones from it."""
    _check_destroy(call, self)
    async with object_operation(call, "VDI", self, "data_destroy"):
        await work(call, vdi.QUICK_S)
        _check_destroy(call, self)
        record = call.db.record("VDI", self)
        images.book(
            call.db,
            text(record["SR"]),
            used=-number(record["physical_utilisation"]),
            allocated=0,
        )
        call.pool.contents.copy(self, images.cbt_key(self))
        call.pool.contents.drop(self)
        call.db.set("VDI", self, type="cbt_metadata", physical_utilisation=0)
    devices.refresh_vdi(call.db, self)


@operation("VDI.list_changed_blocks")
async def list_changed_blocks(call: Call, vdi_from: str, vdi_to: str) -> str:
    """In base64, a bit for each 64 KiB of `vdi_to`, the first block in the highest bit; 1 where the two differ.

    Content is kept in blocks of 2 MiB, so that 32 bits always go together.
    """
    vdi.check(call, vdi_to, "list_changed_blocks")
    for each in (vdi_from, vdi_to):
        record = call.db.record("VDI", each)
        if not record["cbt_enabled"] and record["type"] != "cbt_metadata":
            raise XapiFailure("VDI_NO_CBT_METADATA", each)
    await work(call, vdi.QUICK_S)
    bits = bytearray(-(-number(call.db.field("VDI", vdi_to, "virtual_size")) // (GRAIN * 8)))
    width = BLOCK // GRAIN // 8
    for index in call.pool.contents.differing(_content(call, vdi_to), _content(call, vdi_from)):
        bits[index * width : (index + 1) * width] = b"\xff" * len(bits[index * width : (index + 1) * width])
    return base64.b64encode(bytes(bits)).decode()


@operation("VDI.get_nbd_info")
def get_nbd_info(call: Call, self: str) -> list[dict[str, object]]:
    """Where the disk can be read over NBD: the hosts that see its SR, at their addresses on networks meant for it.

    `cert` is empty: the pool's records hold fingerprints of certificates only.
    """
    db = call.db
    sr = text(db.field("VDI", self, "SR"))
    export = f"/{db.field('VDI', self, 'uuid')}?session_id={call.session}"
    found: list[dict[str, object]] = []
    for pbd in strings(db.field("SR", sr, "PBDs")):
        host = text(db.field("PBD", pbd, "host"))
        if not db.field("PBD", pbd, "currently_attached") or not db.exists("host", host):
            continue
        for pif in strings(db.field("host", host, "PIFs")):
            card = db.record("PIF", pif)
            network = text(card["network"])
            purposes = strings(db.field("network", network, "purpose")) if db.exists("network", network) else []
            if card["IP"] and _PURPOSES & set(purposes):
                found.append(
                    {
                        "exportname": export, "address": card["IP"], "port": NBD_PORT, "cert": "",
                        "subject": db.field("host", host, "hostname"),
                    }
                )  # fmt: skip
    return found


def _content(call: Call, self: str) -> str:
    """Where the content is that the metadata tell of."""
    metadata = call.db.field("VDI", self, "type") == "cbt_metadata"
    return images.cbt_key(self) if metadata else self


def _check_switch(call: Call, self: str, op: str) -> None:
    """Source: xapi_vdi.ml, and what sits on it."""
    vdi.check(call, self, op)
    record = call.db.record("VDI", self)
    if record["is_a_snapshot"]:
        raise XapiFailure("OPERATION_NOT_ALLOWED", f"VDI is a snapshot: {record['uuid']}")
    if record["type"] not in {"user", "system"}:
        raise XapiFailure("VDI_INCOMPATIBLE_TYPE", self, text(record["type"]))
    if record["on_boot"] == "reset":
        raise XapiFailure("VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION")


def _check_destroy(call: Call, self: str) -> None:
    vdi.check(call, self, "data_destroy")
    record = call.db.record("VDI", self)
    if not record["is_a_snapshot"]:
        raise XapiFailure("OPERATION_NOT_ALLOWED", f"VDI is not a snapshot: {record['uuid']}")
    if not record["cbt_enabled"]:
        raise XapiFailure("VDI_NO_CBT_METADATA", self)
    if any(call.db.field("VBD", vbd, "VM") != NULL_REF for vbd in strings(record["VBDs"])):
        raise XapiFailure("VDI_IN_USE", self, "data_destroy")
