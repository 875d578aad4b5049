"""SR probing: what a storage driver finds with what it was told so far, and what it has to be told next.

Drivers answer in XML. When something is missing many of them fail, and the choices are in the failure's third parameter
(PROTOCOL.md 6.6; numbers and elements: drivers/XE_SR_ERRORCODES.xml and the drivers of xapi-project/sm).
"""

from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree.ElementTree import Element  # types only: parsing is model.xml's, which trusts nothing

import msgspec
from msgspec import UNSET

from podium.errors import PoolError, XapiCause
from podium.model.base import Maybe
from podium.model.xml import parse

BACKEND: Final = "SR_BACKEND_FAILURE_"
ASKED_FOR: Final = {
    "90": "device",
    "94": "location",
    "95": "target",
    "96": "targetIQN",
    "100": "server",
    "101": "serverpath",
    "102": "server",
    "107": "SCSIid",
    "220": "location",
}
"""By number of the failure: the key of device_config that the driver lacks."""


class SrCandidate(msgspec.Struct, frozen=True, kw_only=True, rename={"sr_uuid": "srUuid"}):
    """One thing to go on with. `device_config`: what was sent, and this choice; `size` is bytes.

    With `sr_uuid` it is an SR that is there already and can be introduced.
    """

    device_config: dict[str, str]
    label: str
    size: int | Maybe = UNSET
    sr_uuid: str | Maybe = UNSET


class Probed(msgspec.Struct, frozen=True):
    """What was found. `next`: the key of device_config that has to be chosen next, null when all is known."""

    candidates: tuple[SrCandidate, ...]
    next: str | None


def found(text: str, device_config: Mapping[str, str]) -> Probed:
    """What the driver answered. Raises PoolError for what is not XML."""
    root = parse(text)
    if root is None:
        if text.strip():
            raise PoolError("the storage driver's answer cannot be read")
        return Probed((), None)
    return _read(root, device_config)


def asked(cause: XapiCause, device_config: Mapping[str, str]) -> Probed | None:
    """What a driver's failure asks for; None when it is a failure and no question."""
    if not cause.code.startswith(BACKEND):
        return None
    key = ASKED_FOR.get(cause.code.removeprefix(BACKEND))
    root = parse(cause.params[2]) if len(cause.params) > 2 else None
    choices = None if root is None else _read(root, device_config)
    if choices is not None and choices.candidates:
        return choices
    return None if key is None else Probed((), key)


def _read(root: Element, config: Mapping[str, str]) -> Probed:
    match root.tag:
        case "nfs-exports":
            return Probed(tuple(_exports(root, config)), "serverpath")
        case "iscsi-target-iqns":
            return Probed(tuple(_targets(root, config)), "targetIQN")
        case "SRlist":
            return Probed(tuple(_srs(root, config)), None)
        case _:  # iscsi-target, Devlist and their like: LUNs
            return Probed(tuple(_luns(root, config)), "SCSIid")


def _exports(root: Element, config: Mapping[str, str]) -> Iterable[SrCandidate]:
    for export in root.iter("Export"):
        if path := _text(export, "Path"):
            yield SrCandidate(device_config={**config, "serverpath": path}, label=path)


def _targets(root: Element, config: Mapping[str, str]) -> Iterable[SrCandidate]:
    for target in root.iter("TGT"):
        name, address = _text(target, "TargetIQN"), _text(target, "IPAddress")
        if name:
            at = {"target": address} if address else {}
            yield SrCandidate(device_config={**config, **at, "targetIQN": name}, label=f"{name} {address}".strip())


def _luns(root: Element, config: Mapping[str, str]) -> Iterable[SrCandidate]:
    """Each once, although a LUN has a device for every path to it."""
    seen: set[str] = set()
    for lun in root.iter():
        scsi_id = _text(lun, "SCSIid")
        if not scsi_id or scsi_id in seen:
            continue
        seen.add(scsi_id)
        names = (_text(lun, "vendor"), _text(lun, "serial"), _text(lun, "path"))
        yield SrCandidate(
            device_config={**config, "SCSIid": scsi_id},
            label=" ".join(name for name in (*names, f"({scsi_id})") if name),
            size=_size(lun),
        )


def _srs(root: Element, config: Mapping[str, str]) -> Iterable[SrCandidate]:
    for one in root.iter("SR"):
        if uuid := _text(one, "UUID"):
            label = _text(one, "name_label") or uuid
            yield SrCandidate(device_config=dict(config), label=label, size=_size(one), sr_uuid=uuid)


def _text(element: Element, name: str) -> str:
    inner = element.find(name)
    return "" if inner is None or inner.text is None else inner.text.strip()


def _size(element: Element) -> int | Maybe:
    size = _text(element, "size") or _text(element, "Size")
    return int(size) if size.isascii() and size.isdecimal() else UNSET
