"""What exists beside the pool's database: storage that no SR shows now, cards that no PIF shows, choices of hosts."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stored:
    """An SR as it lies on its storage: what it is known by, and what the storage knows of its disks."""

    uuid: str
    kind: str
    place: frozenset[tuple[str, str]]  # what of a device_config says where it is
    host: str  # the only host that sees it, "" for all of them
    disks: dict[str, dict[str, object]] = field(default_factory=dict)  # by uuid; refs in them mean nothing any more


@dataclass(frozen=True, slots=True)
class Card:
    """A network card of a host without a PIF."""

    device: str
    mac: str
    pci: str
    speed: int


@dataclass(slots=True)
class Outside:
    """All of it. Refs are those of hosts."""

    stored: dict[str, Stored] = field(default_factory=dict)  # forgotten SRs by uuid
    cards: dict[str, list[Card]] = field(default_factory=dict)  # of forgotten PIFs, by host
    stay_disabled: set[str] = field(default_factory=set)  # hosts disabled with auto_enable=false
    dmesg_cleared: set[str] = field(default_factory=set)


def key(uuid: str) -> str:
    """Under which Contents keeps the bytes of a disk that has no record."""
    return f"stored:{uuid}"
