"""`/console`: the screen of a live VM, or of a host, for as long as it lives there.

Sources: PROTOCOL.md 7; the replies of wire/09-028 to 09-032 and 10-027.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from xensim import rfb
from xensim.failures import XapiFailure
from xensim.handlers.registry import handler
from xensim.handlers.visit import Refused, Visit, bare
from xensim.http import internal_error
from xensim.ops.devices import LIVE
from xensim.ops.values import number, strings, text
from xensim.schema import NULL_REF
from xensim.screen import Screen


@handler("CONNECT", "/console", realm="connect_console")
async def connect(visit: Visit) -> None:
    console = _console(visit)
    vm = text(visit.db.field("console", console, "VM"))
    if not _lives(visit, vm):
        raise Refused(internal_error("Console.Failure"))
    screen = _screen(visit, vm)
    if visit.db.field("pool", visit.pool.ref, "limit_console_sessions") and screen.watchers:
        raise Refused(bare("HTTP/1.1 503 Service Unavailable"))
    await visit.head("HTTP/1.1 200 OK", "Connection: keep-alive")
    if visit.db.field("console", console, "protocol") == "rfb":
        await _while_it_lives(visit, vm, rfb.Session(visit.stream, screen, _name(visit, vm)).run(), screen)
    else:
        await _while_it_lives(visit, vm, _terminal(visit, vm, screen), screen)


@handler("GET", "/console", realm="get_console")
async def get(visit: Visit) -> None:  # noqa: ARG001 - every one gets the same
    """What should be a WebSocket and is an ordinary request: there is no such method."""
    raise Refused(bare("HTTP/1.0 501 Method Not Implemented"))


async def _while_it_lives(visit: Visit, vm: str, talk: Coroutine[None, None, None], screen: Screen) -> None:
    """Let the client talk until it leaves, or the machine stops or goes elsewhere; its facts stay true meanwhile."""
    talking = asyncio.ensure_future(talk)
    living = asyncio.ensure_future(_follow(visit, vm, screen))
    try:
        await asyncio.wait([talking, living], return_when=asyncio.FIRST_COMPLETED)
        if talking.done():
            talking.result()
    except (EOFError, rfb.Wrong):
        return  # it left, or does not speak our language
    finally:
        for each in (talking, living):
            each.cancel()
        await asyncio.wait([talking, living])


async def _follow(visit: Visit, vm: str, screen: Screen) -> None:
    """Until the machine lives here no more."""
    while _lives(visit, vm):
        record = visit.db.record("VM", vm)
        host = visit.db.record("host", visit.host)
        screen.show(
            [
                text(record["name_label"]),
                text(record["uuid"]),
                f"power state: {record['power_state']}",
                f"host: {host['name_label']}",
            ]
        )
        await visit.db.changed.wait()


async def _terminal(visit: Visit, vm: str, screen: Screen) -> None:
    """The text console of a host: what is typed comes back."""
    await visit.stream.send(f"\r\n{_name(visit, vm)}\r\n\r\nlogin: ".encode())
    while data := await visit.stream.read():
        screen.paste(data.decode("latin-1").replace("\r", "\n"))
        await visit.stream.send(data.replace(b"\r", b"\r\nlogin: "))


def _lives(visit: Visit, vm: str) -> bool:
    db = visit.db
    if not db.exists("VM", vm):
        return False
    record = db.record("VM", vm)
    return record["power_state"] in LIVE and record["resident_on"] == visit.host


def _name(visit: Visit, vm: str) -> str:
    return text(visit.db.field("VM", vm, "name_label"))


def _screen(visit: Visit, vm: str) -> Screen:
    """The screen of this run of the machine: it begins empty when the machine does."""
    screens = visit.pool.screens
    domain = number(visit.db.field("VM", vm, "domid"))
    if vm not in screens or screens[vm].domain != domain:
        screens[vm] = Screen(domain)
    return screens[vm]


def _console(visit: Visit) -> str:
    """The console asked for, by itself or by its VM, by ref or uuid. Raises Refused."""
    db = visit.db
    console = _find(visit, "console")
    if console:
        return console
    vm = _find(visit, "VM")
    for each in strings(db.field("VM", vm, "consoles")) if vm else []:
        if db.field("console", each, "protocol") == "rfb":
            return each
    raise Refused(bare("HTTP/1.1 404 Not Found"))


def _find(visit: Visit, cls: str) -> str:
    """An object by `ref` or `uuid`, "" when there is none."""
    ref = visit.query.get("ref", NULL_REF)
    if visit.db.exists(cls, ref):
        return ref
    try:
        return visit.db.by_uuid(cls, visit.query.get("uuid", ""))
    except XapiFailure:
        return ""
