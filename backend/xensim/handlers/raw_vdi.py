"""`/export_raw_vdi` and `/import_raw_vdi`: one disk, as plain bytes or as a VHD.

Sources: PROTOCOL.md 7; the replies of wire/09-025 to 09-027.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterator

from xensim import vhd
from xensim.clock import NEVER, epoch
from xensim.content import BLOCK, ZEROS
from xensim.failures import XapiFailure, internal_error
from xensim.handlers import disk
from xensim.handlers.registry import handler
from xensim.handlers.visit import Progress, Refused, Visit, bare
from xensim.ops.values import number, text
from xensim.registry import Call
from xensim.schema import Type
from xensim.source import Source

_TYPES = {"raw": "application/octet-stream", "vhd": "application/vhd"}
_CHUNK = struct.Struct("<QI")  # offset and length before each piece of the `chunked` protocol
_VDI = Type("ref", name="VDI")


@handler("GET", "/export_raw_vdi", realm="get_export_raw_vdi")
async def export_raw(visit: Visit) -> None:
    vdi = visit.either("VDI", "vdi")
    visit.redirect_unless_near(text(visit.db.field("VDI", vdi, "SR")))
    async with visit.working("Exporting raw VDI") as call:
        kind = _format(visit)
        base = visit.either("VDI", "base") if "base" in visit.query else ""
        record = visit.db.record("VDI", vdi)
        if kind == "vhd" and number(record["virtual_size"]) > vhd.LARGEST:
            raise XapiFailure("VDI_TOO_LARGE", vdi, str(vhd.LARGEST))
        await visit.head(
            "HTTP/1.1 200 OK", "Connection: close", f"task-id:{call.task}", f"content-type:{_TYPES[kind]}",
            f'content-disposition: attachment; filename="{record["uuid"]}.{kind}"',
        )  # fmt: skip
        async with disk.attached(visit.pool, visit.host, vdi, writes=False):
            if kind == "raw":
                await _send(visit, call, visit.pool.contents.pieces(vdi, 0, _size(visit, vdi)), _size(visit, vdi))
            else:
                await _send_vhd(visit, call, vdi, base)


async def _send(visit: Visit, call: Call, pieces: Iterator[bytes], total: int) -> None:
    progress = Progress(call, total)
    for piece in pieces:
        await visit.stream.send(piece)
        progress.add(len(piece))


async def _send_vhd(visit: Visit, call: Call, vdi: str, base: str) -> None:
    """The blocks that hold something; on top of `base`, those that differ from it."""
    contents = visit.pool.contents
    indexes = contents.differing(vdi, base) if base else contents.blocks(vdi)
    footer = vhd.Footer(
        _size(visit, vdi),
        vhd.DIFFERENCING if base else vhd.DYNAMIC,
        _identity(visit, vdi),
        visit.pool.clock.now(),
    )
    await visit.stream.send(vhd.prologue(footer, indexes, _parent(visit, base) if base else None))
    blocks = (vhd.block(contents.pieces(vdi, index * BLOCK, BLOCK)) for index in indexes)
    await _send(visit, call, blocks, len(indexes) * BLOCK)
    await visit.stream.send(footer.encode())


def _identity(visit: Visit, vdi: str) -> bytes:
    return uuid.UUID(text(visit.db.field("VDI", vdi, "uuid"))).bytes


def _parent(visit: Visit, base: str) -> vhd.Parent:
    record = visit.db.record("VDI", base)
    taken = text(record["snapshot_time"])
    created = visit.pool.clock.now() if taken == NEVER else epoch(taken)
    return vhd.Parent(_identity(visit, base), f"{record['uuid']}.vhd", created)


@handler("PUT", "/import_raw_vdi", realm="put_import_raw_vdi")
async def import_raw(visit: Visit) -> None:
    vdi = visit.either("VDI", "vdi") if "vdi" in visit.query else ""
    sr = text(visit.db.field("VDI", vdi, "SR")) if vdi else _given_sr(visit)
    visit.redirect_unless_near(sr)
    async with visit.working("Importing raw VDI") as call:
        kind = _format(visit)
        if "transfer-encoding" in visit.request.headers:
            encoding = visit.request.headers["transfer-encoding"]
            raise Refused(bare("HTTP/1.0 404 Not Found"), internal_error(f"Cannot handle encoding {encoding}"))
        vdi = vdi or await _new_vdi(call, visit, sr)
        await visit.head(
            "HTTP/1.1 200 OK", "Connection: close", f"task-id:{call.task}", "content-type: application/octet-stream"
        )
        async with disk.attached(visit.pool, visit.host, vdi, writes=True):
            try:
                await _receive(visit, call, vdi, kind)
            except EOFError as error:
                raise _io_error() from error
            except vhd.Broken as error:
                raise internal_error(f'Failure("Invalid VHD: {error}")') from error
            finally:
                disk.settle(visit.pool, vdi)
        visit.result = (vdi, _VDI)


async def _receive(visit: Visit, call: Call, vdi: str, kind: str) -> None:
    source = Source(visit.stream.read)
    write = _writer(visit, call, vdi)
    if kind == "vhd":
        await vhd.read(source, lambda footer: _prepare(visit, vdi, footer), write)
    elif visit.flag("chunked"):
        while (chunk := _CHUNK.unpack(await source.exactly(_CHUNK.size))) != (0, 0):
            write(chunk[0], await source.exactly(chunk[1]))
    else:
        await _receive_raw(visit, vdi, write)


async def _receive_raw(visit: Visit, vdi: str, write: Callable[[int, bytes], None]) -> None:
    """As many bytes as were announced, or as fit: who does not know how many there are announces very many."""
    wanted = min(_size(visit, vdi), int(visit.request.headers.get("content-length") or 0))
    offset = 0
    while offset < wanted:
        piece = await visit.stream.read()
        if not piece:
            raise EOFError
        write(offset, piece[: wanted - offset])
        offset += len(piece)


def _writer(visit: Visit, call: Call, vdi: str) -> Callable[[int, bytes], None]:
    size = _size(visit, vdi)
    contents, progress = visit.pool.contents, Progress(call, size)

    def write(offset: int, data: bytes) -> None:
        if offset + len(data) > size:
            if not ZEROS.startswith(data[max(0, size - offset) :]):  # the padding of a last block is nobody's
                raise _io_error()
            data = data[: max(0, size - offset)]
        contents.write(vdi, offset, data)
        progress.add(len(data))

    return write


def _prepare(visit: Visit, vdi: str, footer: vhd.Footer) -> None:
    """A whole disk replaces what was there; a difference goes on top of it."""
    if footer.size > _size(visit, vdi):
        raise XapiFailure("VDI_TOO_SMALL", vdi, str(footer.size))
    if footer.kind == vhd.DYNAMIC:
        visit.pool.contents.drop(vdi)


def _format(visit: Visit) -> str:
    """The format asked for. Raises Refused."""
    kind = visit.query.get("format", "raw")
    if kind not in _TYPES:
        raise Refused(bare("HTTP/1.0 404 Not Found"), internal_error(f"Unknown format {kind}"))
    return kind


def _size(visit: Visit, vdi: str) -> int:
    return number(visit.db.field("VDI", vdi, "virtual_size"))


def _io_error() -> XapiFailure:
    return XapiFailure("VDI_IO_ERROR", "Device I/O errors")


def _given_sr(visit: Visit) -> str:
    if "sr_uuid" in visit.query:
        return visit.db.by_uuid("SR", visit.query["sr_uuid"])
    if "sr_id" not in visit.query:
        raise internal_error('Failure("Missing vdi or sr_id query parameter")')
    visit.db.record("SR", visit.query["sr_id"])
    return visit.query["sr_id"]


async def _new_vdi(call: Call, visit: Visit, sr: str) -> str:
    """A disk as large as the body."""
    length = visit.request.headers.get("content-length", "")
    if not length.isdecimal():
        raise internal_error('Failure("Content-Length is needed to create a VDI")')
    record = {
        "name_label": "Imported VDI",
        "name_description": "",
        "SR": sr,
        "virtual_size": int(length),
        "type": "user",
    }
    return text(await call.call("VDI.create", record))
