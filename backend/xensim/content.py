"""What is on the disks: the bytes of every VDI, in blocks of 2 MiB that copies share until one of them is written."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from xensim.database import Database, Row

BLOCK = 2 << 20  # bytes; that of a dynamic VHD, so that an exported block is one of ours
ZEROS = bytes(BLOCK)


class Arena:
    """Numbered slots of BLOCK bytes, each with a count of its users, in one unnamed temporary file made when needed.

    Memory stays flat whatever is stored; the room on the disk is given back with the last user, or with the process.
    """

    def __init__(self) -> None:
        self._fd = -1
        self._closing: weakref.finalize[..., Arena] | None = None
        self._users: list[int] = []
        self._free: list[int] = []

    @property
    def used(self) -> int:
        """Slots in use."""
        return len(self._users) - len(self._free)

    def take(self) -> int:
        """A slot full of zeros, with one user."""
        if self._free:
            slot = self._free.pop()
            self._users[slot] = 1
            self.write(slot, 0, ZEROS)
            return slot
        if self._fd < 0:
            self._open()
        self._users.append(1)
        os.ftruncate(self._fd, len(self._users) * BLOCK)  # a hole: nothing is written
        return len(self._users) - 1

    def share(self, slot: int) -> None:
        self._users[slot] += 1

    def shared(self, slot: int) -> bool:
        return self._users[slot] > 1

    def leave(self, slot: int) -> None:
        """One user less; a slot without users is free."""
        self._users[slot] -= 1
        if self._users[slot]:
            return
        self._free.append(slot)
        if len(self._free) == len(self._users):
            self._users.clear()
            self._free.clear()
            os.ftruncate(self._fd, 0)

    def read(self, slot: int, at: int, size: int) -> bytes:
        return os.pread(self._fd, size, slot * BLOCK + at)

    def write(self, slot: int, at: int, data: bytes | memoryview) -> None:
        with memoryview(data) as view:
            done = 0
            while done < len(view):
                done += os.pwrite(self._fd, view[done:], slot * BLOCK + at + done)

    def _open(self) -> None:
        self._fd, name = tempfile.mkstemp(prefix="xensim-")
        Path(name).unlink()
        self._closing = weakref.finalize(self, os.close, self._fd)

    def close(self) -> None:
        if self._closing is not None:
            self._closing()
        self._fd = -1
        self._users.clear()
        self._free.clear()


class Contents:
    """The bytes of a pool's VDIs by their refs. What was never written reads as zeros and costs nothing.

    Sizes are the records' business: reading past the end gives zeros. Operations keep content in step by calling, at
    the place where they make or change the row:

    - `copy(source, made)` when a VDI is made from another (clone, snapshot, copy, base copy, migration): shares it all;
    - `resize(vdi, size)` when `virtual_size` gets smaller (harmless when it grows).

    Destroying the row of a VDI drops its content: nobody calls `drop` for that.
    """

    def __init__(self, db: Database) -> None:
        self._arena = Arena()
        self._maps: dict[str, dict[int, int]] = {}  # of each VDI: index of a block → slot
        db.listeners.append(self._follow)

    def copy(self, source: str, made: str) -> None:
        """`made` holds what `source` holds now, and no longer what it held; later writes to either do not show."""
        taken = dict(self._maps.get(source, {}))
        for slot in taken.values():
            self._arena.share(slot)
        self.drop(made)
        if taken:
            self._maps[made] = taken

    def drop(self, vdi: str) -> None:
        """The disk is all zeros again."""
        for slot in self._maps.pop(vdi, {}).values():
            self._arena.leave(slot)

    def resize(self, vdi: str, size: int) -> None:
        """Forget what lies at `size` bytes and beyond."""
        whole, rest = divmod(size, BLOCK)
        for index in self.blocks(vdi):
            if index > whole or (index == whole and not rest):
                self._release(vdi, index)
            elif index == whole:
                self.write(vdi, size, ZEROS[rest:])

    def read(self, vdi: str, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on."""
        return b"".join(self.pieces(vdi, offset, size))

    def pieces(self, vdi: str, offset: int, size: int) -> Iterator[bytes]:
        """`size` bytes from `offset` on, in pieces of BLOCK at most, read one by one; holes cost no reading."""
        slots = self._maps.get(vdi, {})
        end = offset + size
        while offset < end:
            index, at = divmod(offset, BLOCK)
            length = min(BLOCK - at, end - offset)
            slot = slots.get(index)
            if slot is not None:
                yield self._arena.read(slot, at, length)
            else:
                yield ZEROS if length == BLOCK else ZEROS[:length]
            offset += length

    def write(self, vdi: str, offset: int, data: bytes | memoryview) -> None:
        """Put `data` at `offset`; zeros do not fill holes."""
        with memoryview(data) as view:
            done = 0
            while done < len(view):
                index, at = divmod(offset + done, BLOCK)
                piece = view[done : done + BLOCK - at]
                self._put(vdi, index, at, piece)
                done += len(piece)

    def blocks(self, vdi: str) -> list[int]:
        """The indexes of the blocks that hold something, in order."""
        return sorted(self._maps.get(vdi, {}))

    def differing(self, vdi: str, base: str) -> list[int]:
        """The indexes of the blocks that were written since `vdi` and `base` were the same disk, in order."""
        ours, theirs = self._maps.get(vdi, {}), self._maps.get(base, {})
        return sorted(index for index in ours.keys() | theirs.keys() if ours.get(index) != theirs.get(index))

    def allocated(self, vdi: str) -> int:
        """Bytes that hold something."""
        return len(self._maps.get(vdi, {})) * BLOCK

    @property
    def stored(self) -> int:
        """Bytes of the whole pool, those that copies share counted once."""
        return self._arena.used * BLOCK

    def close(self) -> None:
        self._maps.clear()
        self._arena.close()

    def _put(self, vdi: str, index: int, at: int, piece: memoryview) -> None:
        slots = self._maps.get(vdi)
        slot = None if slots is None else slots.get(index)
        empty = ZEROS.startswith(piece)  # compares without a copy
        if slot is None:
            if empty:
                return
            slot = self._arena.take()
            self._maps.setdefault(vdi, {})[index] = slot
        elif empty and len(piece) == BLOCK:
            self._release(vdi, index)
            return
        elif self._arena.shared(slot):
            slot = self._own(vdi, index, slot, whole=len(piece) == BLOCK)
        self._arena.write(slot, at, piece)

    def _own(self, vdi: str, index: int, slot: int, *, whole: bool) -> int:
        """A slot that `vdi` may write to, with what is in the shared one unless the `whole` of it is to be replaced."""
        own = self._arena.take()
        if not whole:
            self._arena.write(own, 0, self._arena.read(slot, 0, BLOCK))
        self._arena.leave(slot)
        self._maps[vdi][index] = own
        return own

    def _release(self, vdi: str, index: int) -> None:
        slots = self._maps[vdi]
        self._arena.leave(slots.pop(index))
        if not slots:
            del self._maps[vdi]

    def _follow(self, operation: str, row: Row) -> None:
        if operation == "del" and row.cls.name == "VDI":
            self.drop(row.ref)
