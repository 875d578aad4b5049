"""How a template builds a VM: the disks to make and the ways to install, from its `other_config`."""

from functools import lru_cache

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe
from podium.model.numbers import integer
from podium.model.xml import parse


class ProvisionDisk(msgspec.Struct, frozen=True, gc=False, rename={"sr": "SR"}):
    """A disk that the template makes. `sr`: "" for the pool's default SR; `size` in bytes."""

    bootable: bool
    size: int
    sr: str = ""
    device: str | Maybe = UNSET
    type: str | Maybe = UNSET


class TemplateInfo(msgspec.Struct, frozen=True, gc=False):
    disks: tuple[ProvisionDisk, ...]
    install_methods: tuple[str, ...]
    arch: str | Maybe = UNSET
    install_repository: str | Maybe = UNSET


def template_info(other_config: dict[str, str]) -> TemplateInfo:
    """Source: ANCHOR.md 2.5."""
    methods = other_config.get("install-methods")
    return TemplateInfo(
        disks=provision(other_config.get("disks", "")),
        install_methods=tuple(methods.split(",")) if methods else (),
        arch=other_config.get("install-arch", UNSET),
        install_repository=other_config.get("install-repository", UNSET),
    )


@lru_cache(maxsize=1024)
def provision(text: str) -> tuple[ProvisionDisk, ...]:
    """The disks of `<provision><disk device="0" size="10737418240" sr="" bootable="true" type="system"/></provision>`.

    Disks without a size in whole bytes are left out: nothing could be made from them.
    """
    root = parse(text)
    if root is None:
        return ()
    return tuple(
        ProvisionDisk(
            bootable=disk.get("bootable") == "true",
            size=size,
            sr=disk.get("sr", ""),
            device=disk.get("device", UNSET),
            type=disk.get("type", UNSET),
        )
        for disk in root.iter("disk")
        if (size := integer(disk.get("size"))) is not UNSET
    )
