"""What a host tells of itself: its audit log, its logs, a bug report, and a backup of its control domain.

Sources: PROTOCOL.md 7; the replies of wire/09-018, 09-034, 09-036 and 09-037. The files are made of the pool's state.
"""

from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from xensim import files
from xensim.clock import epoch
from xensim.failures import XapiFailure
from xensim.handlers.registry import handler
from xensim.handlers.visit import Visit
from xensim.ops.values import text

_PIECE = 1 << 20
_NEWEST = 1000
_LARGEST = 16 << 20  # bytes of one part of a report, as we announce it
# Of a bug report: what can be asked for, and which files it brings.
_ENTRIES = {
    "xenserver-logs": ("var/log/xensource.log", "var/log/audit.log"),
    "host-logs": ("var/log/messages",),
    "xapi": ("etc/xensource-inventory", "var/log/xensource.log"),
    "xenserver-config": ("etc/xensource-inventory",),
    "xenserver-databases": ("var/lib/xcp/state.json",),
}
_REPORTS = {"tar": "appliation/x-tar", "tar.bz2": "application/x-bzip2", "zip": "application/zip"}  # sic: wire/09-036


@handler("GET", "/audit_log", realm="get_audit_log")
async def audit_log(visit: Visit) -> None:
    given = visit.query.get("since", "")
    try:
        since = epoch(given) if given else 0.0
    except ValueError as error:
        raise XapiFailure("INVALID_VALUE", "since", given) from error
    async with visit.working("audit_log"):
        await visit.head("HTTP/1.1 200 OK", "Connection: keep-alive", "content-type: text/plain")
        await _send(visit, _audit(visit, since))


@handler("GET", "/host_logs_download", realm="get_host_logs_download")
async def host_logs(visit: Visit) -> None:
    async with visit.working("host_logs_download"):
        contents = {name: _file(visit, name) for name in sorted(set(sum(_ENTRIES.values(), ()))) if "/log/" in name}
        await visit.head("HTTP/1.1 200 OK", "Connection: keep-alive")
        await _send(visit, await asyncio.to_thread(_tar, contents, "gz", visit.pool.clock.now()))


@handler("GET", "/host_backup", realm="get_host_backup")
async def host_backup(visit: Visit) -> None:
    async with visit.working("host_backup"):
        contents = {name: _file(visit, name) for name in ("etc/xensource-inventory", "var/lib/xcp/state.json")}
        await visit.head("HTTP/1.1 200 OK", "Connection: keep-alive")
        await _send(visit, await asyncio.to_thread(_tar, contents, "gz", visit.pool.clock.now()))


@handler("GET", "/system-status", realm="get_system_status")
async def system_status(visit: Visit) -> None:
    if "list" in visit.query:
        await visit.head("HTTP/1.1 200 OK", "Connection: close", "content-type: text/xml")
        await _send(visit, _capabilities())
        return
    kind = visit.query.get("output", "tar.bz2")
    wanted = [name for name in visit.query.get("entries", ",".join(_ENTRIES)).split(",") if name]
    async with visit.working("system_status"):
        if kind not in _REPORTS:
            raise XapiFailure("SYSTEM_STATUS_RETRIEVAL_FAILED", f"unsupported output: {kind}")
        hostname = text(visit.db.field("host", visit.host, "hostname"))
        now = visit.pool.clock.wire()
        stamp = f"{now[:4]}-{now[4:6]}-{now[6:]}"
        await visit.head(
            "HTTP/1.0 200 OK", "Connection: close", "Server: xapi/26.26", f"content-type: {_REPORTS[kind]}",
            f'content-disposition: attachment; filename="system_status-{stamp}-{hostname}.{kind}"',
        )  # fmt: skip
        names = sorted({file for entry in wanted for file in _ENTRIES.get(entry, ())})
        contents = {f"bug-report/{name}": _file(visit, name) for name in names}
        if kind == "zip":
            await _send(visit, await asyncio.to_thread(_zip, contents))
        else:
            packing = kind.removeprefix("tar").removeprefix(".")
            await _send(visit, await asyncio.to_thread(_tar, contents, packing, visit.pool.clock.now()))


async def _send(visit: Visit, data: bytes) -> None:
    for at in range(0, len(data), _PIECE):
        await visit.stream.send(data[at : at + _PIECE])


def _audit(visit: Visit, since: float) -> bytes:
    clock = visit.pool.clock
    return "".join(f"{entry.line(clock)}\n" for entry in visit.pool.audit.since(since)).encode()


def _file(visit: Visit, name: str) -> bytes:
    """A file of the host, made of what the pool knows."""
    match name.rpartition("/")[2]:
        case "audit.log":
            return _audit(visit, 0.0)
        case "xensource.log":
            return _log(visit, "task", "created", "name_label", "status")
        case "messages":
            return _log(visit, "message", "timestamp", "name", "obj_uuid")
        case "state.json":
            return files.dump(visit.db)
        case _:
            return _inventory(visit)


def _log(visit: Visit, cls: str, when: str, *fields: str) -> bytes:
    """Lines about the newest rows of a class, the oldest first."""
    hostname = visit.db.field("host", visit.host, "hostname")
    rows = sorted((row.record for row in visit.db.rows(cls).values()), key=lambda record: str(record[when]))
    lines = (f"{row[when]} {hostname} xapi: {' '.join(str(row[name]) for name in fields)}\n" for row in rows[-_NEWEST:])
    return "".join(lines).encode()


def _inventory(visit: Visit) -> bytes:
    db = visit.db
    host = db.record("host", visit.host)
    software = db.entries("host", visit.host, "software_version")
    facts = {
        "PRODUCT_VERSION": software.get("product_version", ""),
        "PRODUCT_BRAND": software.get("product_brand", ""),
        "BUILD_NUMBER": software.get("build_number", ""),
        "INSTALLATION_UUID": host["uuid"],
        "CONTROL_DOMAIN_UUID": db.field("VM", text(host["control_domain"]), "uuid"),
        "MANAGEMENT_ADDRESS_TYPE": "IPv4",
    }
    return "".join(f"{name}='{value}'\n" for name, value in facts.items()).encode()


def _tar(contents: Mapping[str, bytes], packing: str, mtime: float) -> bytes:
    """An archive; `packing` is gz, bz2 or nothing."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(data), int(mtime), 0o640
            archive.addfile(member, io.BytesIO(data))
    match packing:
        case "gz":
            return gzip.compress(out.getvalue(), mtime=0)
        case "bz2":
            return bz2.compress(out.getvalue())
    return out.getvalue()


def _zip(contents: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return out.getvalue()


def _capabilities() -> bytes:
    """What a bug report may hold."""
    lines = (
        f'<capability content-type="text/plain" default-checked="yes" key={quoteattr(name)} '
        f'max-size="{_LARGEST}" min-size="0" pii="maybe"/>'
        for name in _ENTRIES
    )
    return f'<?xml version="1.0"?><system-status-capabilities>{"".join(lines)}</system-status-capabilities>'.encode()
