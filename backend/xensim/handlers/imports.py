"""`/import` and `/import_metadata`: VMs from an XVA, which may be packed, with gzip or zstd.

Sources: PROTOCOL.md 7; the replies and tasks of wire/09-024 and 11-004 to 11-006. A reply's head says 200 before
anything is known: only the task tells what became of it.
"""

from __future__ import annotations

import hashlib
from contextlib import AsyncExitStack, aclosing

from xensim import compression, ova, tar
from xensim.failures import XapiFailure
from xensim.handlers import disk
from xensim.handlers.export import CHECKSUM, PIECE
from xensim.handlers.rebuild import Rebuild
from xensim.handlers.registry import handler
from xensim.handlers.visit import Progress, Refused, Visit, bare
from xensim.ops import images
from xensim.ops.values import text
from xensim.registry import Call
from xensim.schema import NULL_REF, Type
from xensim.source import Source

_VMS = Type("set", item=Type("ref", name="VM"))
_DESCRIPTION = "ova.xml"
_LARGEST_DESCRIPTION = 256 << 20
_XXHASH = ".xxhash"


@handler("PUT", "/import", realm="put_import")
async def import_vms(visit: Visit) -> None:
    sr = _sr(visit)
    if visit.db.field("SR", sr, "content_type") == "iso":
        raise Refused(bare("HTTP/1.0 400 Bad Request"))
    visit.redirect_unless_near(sr)
    await _import(visit, sr, with_disks=True)


@handler("PUT", "/import_metadata", realm="put_import_metadata")
async def import_metadata(visit: Visit) -> None:
    await _import(visit, _sr(visit), with_disks=False)


async def _import(visit: Visit, sr: str, *, with_disks: bool) -> None:
    async with visit.working("VM.import") as call:
        if "transfer-encoding" in visit.request.headers:
            raise XapiFailure("IMPORT_ERROR_CANNOT_HANDLE_CHUNKED")
        await visit.head(
            "HTTP/1.1 200 OK", "Connection: close", f"task-id:{call.task}", "content-type: application/octet-stream"
        )
        try:
            await _read(visit, call, sr, with_disks=with_disks)
        except (EOFError, tar.Broken, compression.Broken) as error:
            raise XapiFailure("IMPORT_ERROR_PREMATURE_EOF") from error
        except ova.Broken as error:
            raise XapiFailure("IMPORT_ERROR", str(error)) from error


async def _read(visit: Visit, call: Call, sr: str, *, with_disks: bool) -> None:
    source = await compression.unpacked(Source(visit.stream.read))
    async with aclosing(tar.members(source)) as members:
        name, size = await anext(members, ("", 0))
        if not name or size > _LARGEST_DESCRIPTION:
            raise EOFError
        if name != _DESCRIPTION:
            raise XapiFailure("IMPORT_ERROR_UNEXPECTED_FILE", _DESCRIPTION, name)
        things = ova.decode(await source.exactly(size), visit.db)
        if visit.flag("dry_run"):
            return
        images.assert_plugged(visit.pool, sr)
        rebuild = Rebuild(call, things, sr, restore=visit.flag("restore") or visit.flag("full_restore"))
        try:
            rebuild.build()
            config = visit.db.entries("task", call.task, "other_config")
            visit.db.set("task", call.task, other_config={**config, "object_creation": "complete"})
            if with_disks:
                await _Disks(visit, call, rebuild, source).read(members)
        except BaseException:  # also when the connection is torn down: nothing may stay behind
            rebuild.undo()
            raise
        rebuild.finish()
        visit.result = (rebuild.vms, _VMS)


class _Disks:
    """The pieces of the disks as they come, each followed by its checksum."""

    def __init__(self, visit: Visit, call: Call, rebuild: Rebuild, source: Source) -> None:
        self._visit = visit
        self._vdis = rebuild.disks
        self._source = source
        self._unfinished = set(rebuild.disks)
        self._sizes = rebuild.sizes
        self._progress = Progress(call, sum(self._sizes.values()))
        self._plugged: tuple[str, AsyncExitStack] = ("", AsyncExitStack())
        self._last: tuple[str, int, bytes] | None = None  # the piece whose checksum is to come

    async def read(self, members: tar.Members) -> None:
        """Until every disk has its last piece, or the archive ends. Raises EOFError and IMPORT_ERROR_..."""
        try:
            while self._unfinished:
                path, size = await anext(members, ("", 0))
                if not path:
                    raise EOFError
                await self._member(path, size)
        finally:
            await self._plugged[1].aclose()
        for vdi in self._vdis.values():
            disk.settle(self._visit.pool, vdi)

    async def _member(self, path: str, size: int) -> None:
        name, _, file = path.partition("/")
        if file.endswith((CHECKSUM, _XXHASH)):
            self._check(path, await self._source.exactly(size))
            return
        if name not in self._vdis or not file.isdecimal() or size > PIECE:
            raise XapiFailure("IMPORT_ERROR_UNEXPECTED_FILE", f"{min(self._unfinished)}/00000000", path)
        at, data = int(file), await self._source.exactly(size)
        if at * PIECE + size > self._sizes[name]:
            raise XapiFailure("IMPORT_ERROR_UNEXPECTED_FILE", f"{name}/{self._sizes[name] // PIECE:08d}", path)
        await self._plug(name)
        self._visit.pool.contents.write(self._vdis[name], at * PIECE, data)
        complete = sum(self._sizes[each] for each in self._vdis if each not in self._unfinished)
        self._progress.reach(complete + at * PIECE + size)
        self._last = (name, at, data)

    async def _plug(self, name: str) -> None:
        """One disk at a time is with the control domain."""
        current, stack = self._plugged
        if current != name:
            await stack.aclose()
            self._plugged = (name, AsyncExitStack())
            await self._plugged[1].enter_async_context(
                disk.attached(self._visit.pool, self._visit.host, self._vdis[name], writes=True)
            )

    def _check(self, path: str, checksum: bytes) -> None:
        """Compare a checksum with the piece before it; of xxHash, which the library has not, only that it is there."""
        if self._last is None or not path.startswith(f"{self._last[0]}/{self._last[1]:08d}."):
            raise XapiFailure("IMPORT_ERROR_UNEXPECTED_FILE", "a piece of a disk", path)
        name, at, data = self._last
        self._last = None
        right = hashlib.sha1(data, usedforsecurity=False).hexdigest().encode()
        if path.endswith(CHECKSUM) and checksum.strip() != right and not self._visit.flag("force"):
            raise XapiFailure("IMPORT_ERROR_SOME_CHECKSUMS_FAILED")
        if (at + 1) * PIECE >= self._sizes[name]:
            self._unfinished.discard(name)


def _sr(visit: Visit) -> str:
    """Where the disks go: the SR that was given, or the pool's default. Raises DEFAULT_SR_NOT_FOUND and others."""
    if "sr_uuid" in visit.query:
        return visit.db.by_uuid("SR", visit.query["sr_uuid"])
    given = visit.query.get("sr_id", "")
    if given:
        visit.db.record("SR", given)
        return given
    default = text(visit.db.field("pool", visit.pool.ref, "default_SR"))
    if default == NULL_REF or not visit.db.exists("SR", default):
        raise XapiFailure("DEFAULT_SR_NOT_FOUND", default)
    return default
