"""A disk in the hands of the control domain: attached for as long as somebody reads or writes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from xensim.failures import XapiFailure
from xensim.ops import devices, images
from xensim.ops.values import number, strings, text
from xensim.ops.vbd import POSITIONS
from xensim.pool import Pool


@asynccontextmanager
async def attached(pool: Pool, host: str, vdi: str, *, writes: bool) -> AsyncIterator[None]:
    """Plug a disk into the host's control domain while the body lasts. Raises VDI_IN_USE, VDI_READONLY, VDI_MISSING."""
    db = pool.db
    record = db.record("VDI", vdi)
    if record["missing"]:
        raise XapiFailure("VDI_MISSING", text(record["SR"]), vdi)
    if writes and record["read_only"]:
        raise XapiFailure("VDI_READONLY", vdi)
    dom0 = text(db.field("host", host, "control_domain"))
    taken = {text(db.field("VBD", each, "userdevice")) for each in strings(db.field("VM", dom0, "VBDs"))}
    position = next(str(at) for at in range(POSITIONS) if str(at) not in taken)
    vbd = db.create(
        "VBD",
        {
            "VM": dom0, "VDI": vdi, "userdevice": position, "mode": "RW" if writes else "RO", "type": "Disk",
            "unpluggable": True, "metrics": db.create("VBD_metrics", {}),
        },
    )  # fmt: skip
    try:
        devices.assert_disk_free(db, db.record("VBD", vbd), "attach")
        db.set("VBD", vbd, currently_attached=True, device=devices.device_name(position))
        devices.refresh_vdi(db, vdi)
        yield
    finally:
        if db.exists("VBD", vbd):
            metrics = text(db.field("VBD", vbd, "metrics"))
            db.destroy("VBD", vbd)
            if db.exists("VBD_metrics", metrics):
                db.destroy("VBD_metrics", metrics)
        devices.refresh_vdi(db, vdi)


def settle(pool: Pool, vdi: str) -> None:
    """After its content changed: what a thin disk takes of its SR."""
    db = pool.db
    record = db.record("VDI", vdi)
    sr = text(record["SR"])
    if "THIN_PROVISIONING" not in devices.features(db, sr):
        return
    used = max(images.GRAIN, pool.contents.allocated(vdi))
    images.book(db, sr, used=used - number(record["physical_utilisation"]), allocated=0)
    db.set("VDI", vdi, physical_utilisation=used)
