"""Whole RRDs: `/host_rrd`, `/vm_rrd`, `/sr_rrd` and their old names.

Sources: PROTOCOL.md 7 and 8.2; the replies of wire/09-014 to 09-017, 09-042, 10-011 and 10-025.
"""

from __future__ import annotations

from xensim.failures import XapiFailure
from xensim.handlers.registry import handler
from xensim.handlers.rrd_updates import misbehave, spoil, wanted_form
from xensim.handlers.visit import Refused, Visit, bare
from xensim.http import Response, internal_error
from xensim.rrd import dump
from xensim.rrd.dump import Dump

_BLOCK = 64 << 10  # bytes sent at once


@handler("GET", "/host_rrd", realm="get_host_rrd")
async def host_rrd(visit: Visit) -> None:
    statistics = visit.pool.statistics
    await misbehave(statistics.faults.of(visit.host))
    home, last = statistics.roster.household(visit.host), statistics.last_update(visit.host)
    kept = await statistics.kept_by_host(home, last)
    await _send(visit, Dump("host", last, [place.name for place in home.places], kept))


@handler("GET", "/vm_rrd", realm="get_vm_rrd")
async def vm_rrd(visit: Visit) -> None:
    """At the host of the VM, or, when it is on none, at the coordinator, which keeps the RRDs of such VMs."""
    await misbehave(visit.pool.statistics.faults.of(visit.host))
    if "uuid" not in visit.query:
        raise Refused(bare("HTTP/1.1 400 Bad Request"))
    statistics, vm = visit.pool.statistics, _by_uuid(visit, "VM")
    member = statistics.roster.member(vm)
    present = member.history.present
    owner = visit.pool.coordinator if present is None else present.host
    if owner != visit.host:
        raise visit.elsewhere(owner)
    last = statistics.last_update(visit.host)
    if present is None:
        if not member.history.spans:
            raise Refused(internal_error("Not_found"))
        last = min(last, member.history.spans[-1].end + statistics.faults.of(visit.host).skew_s)
    kept = await statistics.kept_by(member, visit.host, last)
    await _send(visit, Dump("vm", last, [each.name for each in member.columns], kept))


@handler("GET", "/sr_rrd", realm="get_sr_rrd")
async def sr_rrd(visit: Visit) -> None:
    await misbehave(visit.pool.statistics.faults.of(visit.host))
    if "uuid" not in visit.query:
        raise Refused(bare("HTTP/1.1 400 Bad Request"))
    statistics = visit.pool.statistics
    stores = {member.guest.facts.uuid: member for member in statistics.roster.stores(visit.host)}
    member = stores.get(visit.query["uuid"])
    if member is None:
        raise Refused(internal_error('Failure("No SR RRD available!")'))
    last = statistics.last_update(visit.host)
    kept = await statistics.kept_by(member, visit.host, last)
    await _send(visit, Dump("sr", last, [each.name for each in member.columns], kept))


def _by_uuid(visit: Visit, cls: str) -> str:
    """Raises Refused."""
    uuid = visit.query["uuid"]
    try:
        return visit.db.by_uuid(cls, uuid)
    except XapiFailure as failure:
        raise Refused(internal_error(f'Db_exn.Read_missing_uuid("{cls}", "", "{uuid}")')) from failure


async def _send(visit: Visit, whole: Dump) -> None:
    """An answer without a length, which ends with the connection."""
    faults = visit.pool.statistics.faults.of(visit.host)
    json = wanted_form(visit, faults) != "xml"
    await visit.head(
        "HTTP/1.0 200 OK", "Connection: close", f"content-type: {'application/json' if json else 'text/xml'}",
        "Access-Control-Allow-Origin: *",
    )  # fmt: skip
    pieces = dump.json(whole) if json else dump.xml(whole)
    if faults.garbage or faults.truncated:
        spoiled = Response(200, [piece async for piece in pieces])
        spoil(spoiled, faults)
        await visit.stream.send(b"".join(spoiled.body))
        return
    block = bytearray()
    async for piece in pieces:
        block += piece
        if len(block) > _BLOCK:
            await visit.stream.send(bytes(block))
            block.clear()
    await visit.stream.send(bytes(block))
