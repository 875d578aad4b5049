"""cloud-init: the small disk that a cloud image reads at its first start (NoCloud: a FAT volume labelled CIDATA).

Source: cloud-init's documentation, "NoCloud". The files are meta-data, user-data and network-config.
"""

import struct
import threading
from collections.abc import Mapping
from typing import Final

from fatfs import Partition, PartitionExtended, RamDisk

from podium.errors import InvalidParameters

SIZE: Final = 10 << 20
"""Bytes of the volume, as Xen Orchestra makes it: enough clusters for FAT16, which every kernel mounts."""
MOST: Final = 4 << 20
"""Bytes of all files."""
_LABEL_AT: Final = 43
_LABEL: Final = b"CIDATA     "
_IS_LABEL: Final = b"\x08"
_ENTRY: Final = 32
"""Bytes of an entry of a directory."""

_turn = threading.Lock()
"""The library has a few volumes in all, numbered in one table of the process."""


def drive(*, instance_id: str, user_data: str, network_config: str | None = None) -> bytes:
    """The image. `instance_id`: cloud-init runs once for each. Raises InvalidParameters when the texts are too long."""
    files = {"meta-data": f"instance-id: {instance_id}\n", "user-data": user_data}
    if network_config is not None:
        files["network-config"] = network_config
    return volume({name: text.encode() for name, text in files.items()})


def volume(files: Mapping[str, bytes]) -> bytes:
    """A FAT volume labelled CIDATA with these files in its root."""
    if sum(map(len, files.values())) > MOST:
        raise InvalidParameters(f"the cloud-init files may have {MOST} bytes together")
    image = bytearray(SIZE)
    with _turn:
        partition = Partition(RamDisk(image))
        partition.mkfs()
        partition.mount()
        try:
            for name, content in files.items():
                PartitionExtended(partition).write_file(f"/{name}", content)
        finally:
            partition.unmount()
    _label(image)
    return bytes(image)


def _label(image: bytearray) -> None:
    """The library sets none: in the boot sector, and, where most look, as an entry of the root directory."""
    image[_LABEL_AT : _LABEL_AT + len(_LABEL)] = _LABEL
    sector, reserved, fats = struct.unpack_from("<HxHB", image, 11)
    (fat_sectors,) = struct.unpack_from("<H", image, 22)
    entry = (reserved + fats * fat_sectors) * sector
    while image[entry]:
        entry += _ENTRY
    image[entry : entry + _ENTRY] = (_LABEL + _IS_LABEL).ljust(_ENTRY, b"\0")
