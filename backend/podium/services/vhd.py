"""The first bytes of a VHD: how large the disk is. Source: Microsoft's VHD specification, "Hard Disk Footer Format"."""

import struct
from typing import Final

from podium.errors import InvalidParameters, NotSupported

FOOTER_BYTES: Final = 512
MOST_BYTES: Final = 2040 << 30
"""A dynamic VHD's table of blocks holds no more."""
_COOKIE: Final = b"conectix"
_CURRENT_SIZE: Final = 48
_DISK_TYPE: Final = 60
_DYNAMIC: Final = 3
_CHECKSUM: Final = 64


def virtual_size(head: bytes) -> int:
    """Bytes of the disk in a dynamic VHD, whose first 512 bytes repeat its footer.

    Raises InvalidParameters for something else, NotSupported for a differencing or fixed one.
    """
    if len(head) < FOOTER_BYTES or not head.startswith(_COOKIE):
        raise InvalidParameters("the body is not a dynamic VHD: it does not begin with one's footer")
    footer = head[:FOOTER_BYTES]
    (checksum,) = struct.unpack_from(">I", footer, _CHECKSUM)
    if ~(sum(footer) - sum(footer[_CHECKSUM : _CHECKSUM + 4])) & 0xFFFFFFFF != checksum:
        raise InvalidParameters("the VHD is damaged: the checksum of its footer is wrong")
    (kind,) = struct.unpack_from(">I", footer, _DISK_TYPE)
    if kind != _DYNAMIC:
        raise NotSupported("only dynamic VHDs can be imported, neither fixed nor differencing ones")
    (size,) = struct.unpack_from(">Q", footer, _CURRENT_SIZE)
    if not 0 < size <= MOST_BYTES:
        raise InvalidParameters(f"a disk of {size} bytes is no VHD's")
    return int(size)
