"""`/rrd_updates`: what a host has measured since a time, of itself and of the VMs on it.

Sources: PROTOCOL.md 8.1; the replies of wire/09-001 to 09-013, 10-009 and 14-006. Unlike other handlers it keeps the
connection: clients ask every few seconds.
"""

from __future__ import annotations

import asyncio

from xensim.failures import XapiFailure
from xensim.handlers.asked import Asked, Refused
from xensim.http import Request, Response, internal_error
from xensim.pool import Pool
from xensim.rrd.encode import Form
from xensim.rrd.misbehaviour import Misbehaviour
from xensim.rrd.statistics import Ask, NoArchive

_CORS = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "X-Requested-With")]
_TYPES: dict[Form, list[tuple[str, str]]] = {
    "xml": [("content-type", "text/xml")],
    "json": [("content-type", "application/json")],
    "old": [],  # the servers that wrote JSON5 did not name it
}


async def updates(pool: Pool, host: str, request: Request) -> Response:
    """The answer of a host (a ref)."""
    asked = Asked(pool, host, request)
    faults = pool.statistics.faults.of(host)
    try:
        await misbehave(faults)
        await asked.admit("rrd_updates")
        form = wanted_form(asked, faults)
        body = await pool.statistics.updates(host, _ask(asked), form)
    except Refused as refused:
        return refused.response if isinstance(refused.response, Response) else internal_error("refused")
    except NoArchive:
        return internal_error("Rrd.No_RRA_Available")
    except XapiFailure as failure:
        return internal_error(f"{failure.code}: [ {'; '.join(failure.params)} ]")
    finally:
        asked.leave()
    response = Response(200, body, [*_TYPES[form], *_CORS], forwarded=True)
    spoil(response, faults)
    return response


def wanted_form(asked: Asked, faults: Misbehaviour) -> Form:
    """JSON when the parameter `json` is there, whatever it says, or the client would rather have it."""
    json = "json" in asked.query or _prefers_json(asked.request.headers.get("accept", ""))
    if not json or faults.shape == "xml":
        return "xml"
    return "old" if faults.shape == "old" else "json"


async def misbehave(faults: Misbehaviour) -> None:
    """The faults of the host that come before anything is answered. Raises Refused."""
    if faults.slow_s:
        await asyncio.sleep(faults.slow_s)
    if faults.fails > 0:
        faults.fails -= 1
        response = internal_error('Failure("measurements fail on purpose")')
        response.status = faults.status
        raise Refused(response)


def spoil(response: Response, faults: Misbehaviour) -> None:
    """The faults of the host in what it answers."""
    if faults.garbage > 0:
        faults.garbage -= 1
        length = sum(map(len, response.body))
        response.body = [(b"\x00\xff<garbage" * (length // 10 + 1))[:length]]
    elif faults.truncated > 0:
        faults.truncated -= 1
        whole = b"".join(response.body)
        response.length, response.body = len(whole), [whole[: len(whole) // 2]]


def _ask(asked: Asked) -> Ask:
    """Raises Refused when there is no start."""
    query = asked.query
    try:
        start = int(query["start"])
    except (KeyError, ValueError) as error:
        raise Refused(Response(400, forwarded=True)) from error
    interval = query.get("interval", "")
    cf = query.get("cf", "")
    vms = [value for name, value in asked.given if name == "vm_uuid"]
    return Ask(
        start=start,
        interval=int(interval) if interval.isdecimal() else 0,
        cf=cf if cf in {"AVERAGE", "MIN", "MAX"} else "",
        host=query.get("host") == "true",
        vms=vms or None,
        srs=[value for name, value in asked.given if name == "sr_uuid"],
    )


def _prefers_json(accept: str) -> bool:
    """Whether JSON comes before XML and anything in an Accept header, by weight and then by order."""
    weighed = []
    for at, item in enumerate(accept.split(",")):
        kind, *parameters = (part.strip() for part in item.split(";"))
        weight = next((float(each[2:]) for each in parameters if each.startswith("q=") and _is_weight(each[2:])), 1.0)
        weighed.append((-weight, at, kind))
    return bool(accept) and min(weighed)[2] == "application/json"


def _is_weight(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
