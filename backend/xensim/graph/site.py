"""What one part of the builder leaves for the next: the refs of hosts, storage, networks and templates."""

from dataclasses import dataclass, field

from xensim.graph.mint import Mint


@dataclass(slots=True)
class Host:
    """A host as the builder sees it."""

    ref: str
    name: str
    uuid: str
    address: str
    index: int
    dom0: str = ""
    local_sr: str = ""
    cd_drive: str = ""
    nics: list[str] = field(default_factory=list)
    gpu: str = ""


@dataclass(slots=True)
class Site:
    """The pool while it is being built."""

    mint: Mint
    vms: int
    hosts: list[Host] = field(default_factory=list)
    pool: str = ""
    networks: dict[str, str] = field(default_factory=dict)
    srs: dict[str, str] = field(default_factory=dict)
    features: dict[str, frozenset[str]] = field(default_factory=dict)  # of the driver of each SR
    isos: list[str] = field(default_factory=list)
    gpu_group: str = ""
    vgpu_type: str = ""
    usb_group: str = ""
    secret: str = ""
