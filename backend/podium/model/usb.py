"""USB passthrough: devices of hosts (PUSB), groups of alike ones, and devices of VMs (VUSB)."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.xapi.records import PUSBRecord, Ref, USB_groupRecord, VUSBRecord


class PUSB(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "passthrough_enabled": "passthroughEnabled",
        "usb_group": "usbGroup",
        "vendor_id": "vendorId",
    },
):
    """A USB device plugged into a host. `description`: vendor - product; `speed` is Mb/s."""

    type: Literal["PUSB"] = "PUSB"
    description: str
    host: str | Maybe = UNSET
    passthrough_enabled: bool
    speed: int | float
    usb_group: str | Maybe = UNSET
    vendor_id: str
    version: str


class VUSB(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"currently_attached": "currentlyAttached", "usb_group": "usbGroup"},
):
    """A USB device of a VM."""

    type: Literal["VUSB"] = "VUSB"
    currently_attached: bool
    usb_group: str | Maybe = UNSET
    vm: str | Maybe = UNSET


class UsbGroup(PoolObject, frozen=True, kw_only=True, gc=False, rename={"pusbs": "PUSBs", "vusbs": "VUSBs"}):
    """USB devices of which a VM may get any."""

    type: Literal["USB_group"] = "USB_group"
    pusbs: tuple[str | None, ...]
    vusbs: tuple[str | None, ...]


RESOURCES = (
    Resource(type="PUSB", collection="pusbs", struct=PUSB, privilege="pusb", title="USB device of a host"),
    Resource(type="VUSB", collection="vusbs", struct=VUSB, privilege="vusb", title="USB device of a VM"),
    Resource(type="USB_group", collection="usb-groups", struct=UsbGroup, privilege="usb-group", title="USB group"),
)


def pusb(ref: Ref, record: PUSBRecord, look: Lookup) -> PUSB:
    return PUSB(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        description=" - ".join(text for text in (record.vendor_desc, record.product_desc) if text),
        host=look.link(record.host),
        passthrough_enabled=record.passthrough_enabled,
        speed=record.speed,
        usb_group=look.link(record.USB_group),
        vendor_id=record.vendor_id,
        version=record.version,
    )


def vusb(ref: Ref, record: VUSBRecord, look: Lookup) -> VUSB:
    return VUSB(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        currently_attached=record.currently_attached,
        usb_group=look.link(record.USB_group),
        vm=look.link(record.VM),
    )


def usb_group(ref: Ref, record: USB_groupRecord, look: Lookup) -> UsbGroup:
    return UsbGroup(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        pusbs=look.links(record.PUSBs),
        vusbs=look.links(record.VUSBs),
    )
