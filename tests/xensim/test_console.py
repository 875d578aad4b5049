"""`/console`: the way in, RFB as a client sees it, keys that arrive, pictures that come only when something changed."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.xensim.caller import Caller
from tests.xensim.transfers import ask
from tests.xensim.wire import connection
from xensim import Sim, font
from xensim.screen import CELL_HEIGHT, CELL_WIDTH, COLUMNS, FIRST_TYPED, ROWS, WIDTH


@dataclass(slots=True)
class Viewer:
    """An RFB client with a picture of 32 bits a pixel, which reads text off it as a person does."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    name: str = ""
    picture: dict[int, bytes] = field(default_factory=dict)  # row of characters → its pixels

    async def greet(self, minor: int = 8) -> None:
        assert await self.reader.readexactly(12) == b"RFB 003.008\n"
        self.writer.write(b"RFB 003.00%d\n" % minor)
        if minor == 3:
            assert await self.reader.readexactly(4) == bytes((0, 0, 0, 1))
        else:
            assert await self.reader.readexactly(2) == b"\x01\x01"
            self.writer.write(b"\x01")
        if minor == 8:
            assert await self.reader.readexactly(4) == bytes(4)
        self.writer.write(b"\x01")
        width, height = struct.unpack(">HH", await self.reader.readexactly(4))
        assert (width, height) == (WIDTH, ROWS * CELL_HEIGHT)
        assert (await self.reader.readexactly(16))[:2] == bytes((32, 24))
        (length,) = struct.unpack(">I", await self.reader.readexactly(4))
        self.name = (await self.reader.readexactly(length)).decode()

    def ask(self, *, incremental: bool = True) -> None:
        self.writer.write(struct.pack(">BBHHHH", 3, incremental, 0, 0, WIDTH, ROWS * CELL_HEIGHT))

    async def update(self, size: int = 4) -> int:
        """Take one update of so many bytes a pixel; how many rectangles it had."""
        kind, count = struct.unpack(">BxH", await self.reader.readexactly(4))
        assert kind == 0
        for _ in range(count):
            x, y, width, height, encoding = struct.unpack(">HHHHi", await self.reader.readexactly(12))
            assert (x, width, height, encoding, y % CELL_HEIGHT) == (0, WIDTH, CELL_HEIGHT, 0, 0)
            self.picture[y // CELL_HEIGHT] = await self.reader.readexactly(width * height * size)
        return int(count)

    def key(self, symbol: int) -> None:
        for down in (1, 0):
            self.writer.write(struct.pack(">BBxxI", 4, down, symbol))

    def line(self, row: int) -> str:
        """The text of a row, read from its dots."""
        return "".join(self._character(self.picture[row], at) for at in range(COLUMNS)).rstrip()

    def _character(self, pixels: bytes, at: int) -> str:
        rows = tuple(
            tuple(pixels[4 * (2 * y * WIDTH + at * CELL_WIDTH + 1 + x)] > 0 for x in range(font.WIDTH))
            for y in range(font.HEIGHT)
        )
        return LETTERS[rows]


LETTERS = {tuple(map(tuple, font.dots(chr(code)))): chr(code) for code in range(font.LAST, font.FIRST - 1, -1)}


@asynccontextmanager
async def console(caller: Caller, query: str, address: str, *, version: str = "1.0") -> AsyncIterator[Viewer]:
    async with connection(address, caller.sim.port) as (reader, writer):
        writer.write(f"CONNECT /console?{query}&session_id={caller.session} HTTP/{version}\r\nHost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head == b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nCache-Control: no-cache, no-store\r\n\r\n"
        yield Viewer(reader, writer)


@dataclass(slots=True)
class Guest:
    vm: str
    name: str
    uuid: str
    address: str
    console: str


@pytest.fixture
def guest(sim: Sim) -> Guest:
    """A running VM."""
    for ref, row in sim.db.rows("VM").items():
        record = row.record
        if record["power_state"] == "Running" and not record["is_control_domain"]:
            address = str(sim.db.field("host", str(record["resident_on"]), "address"))
            console = str(sim.db.items("VM", ref, "consoles")[0])
            sim.set("VM", ref, name_label="web {1}")
            return Guest(ref, "web {1}", str(record["uuid"]), address, console)
    raise AssertionError("no VM runs")


@pytest.mark.parametrize("minor", [3, 7, 8])
async def test_the_screen_shows_the_machine_and_what_is_typed(caller: Caller, guest: Guest, minor: int) -> None:
    async with console(caller, f"ref={guest.console}", guest.address) as viewer:
        await viewer.greet(minor)
        assert viewer.name == guest.name
        viewer.ask(incremental=False)
        assert await viewer.update() == ROWS
        assert [viewer.line(at) for at in (0, 1, 2)] == [guest.name, guest.uuid, "power state: Running"]
        for symbol in (*b"Hello,", 0x20, *b"worlds", 0xFF08, 0xFFE3, 0xFF0D, *b"2"):
            viewer.key(symbol)
        while viewer.line(FIRST_TYPED + 1) != "> 2_":
            viewer.ask()
            assert await viewer.update() <= 3
        assert viewer.line(FIRST_TYPED) == "> Hello, world<Control_L>"
    assert caller.sim.pool.screens[guest.vm].keys[-3:] == ["Control_L", "Return", "2"]


async def test_nothing_comes_until_something_changes(caller: Caller, guest: Guest) -> None:
    sim = caller.sim
    async with console(caller, f"uuid={guest.uuid}", guest.address, version="1.1") as viewer:
        await viewer.greet()
        viewer.ask(incremental=False)
        await viewer.update()
        viewer.ask()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(viewer.reader.readexactly(1), 0.1)
        sim.set("VM", guest.vm, name_label="renamed")
        assert await viewer.update() == 1
        assert viewer.line(0) == "renamed"
        viewer.ask()
        viewer.writer.write(struct.pack(">BBHH", 5, 1, 100, 50))
        assert await viewer.update() == 1
        assert viewer.line(ROWS - 1) == "pointer 100,50 buttons 1"
        viewer.ask()
        viewer.writer.write(struct.pack(">B3xI", 6, 5) + b"paste")
        assert await viewer.update() == 1
        assert viewer.line(FIRST_TYPED) == "> paste_"


async def test_pixels_come_in_the_format_that_was_asked_for(caller: Caller, guest: Guest) -> None:
    async with console(caller, f"ref={guest.console}", guest.address) as viewer:
        await viewer.greet()
        viewer.writer.write(b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", 16, 16, 0, 1, 31, 63, 31, 11, 5, 0))
        viewer.writer.write(struct.pack(">BxHii", 2, 2, 0, -223))
        viewer.ask(incremental=False)
        await viewer.update(2)
        colours = {viewer.picture[0][at : at + 2] for at in range(0, len(viewer.picture[0]), 2)}
        grey = 170 * 31 // 255 << 11 | 170 * 63 // 255 << 5 | 170 * 31 // 255
        assert colours == {b"\0\0", grey.to_bytes(2, "little")}


async def test_two_see_the_same_and_the_end_of_the_machine_ends_both(caller: Caller, guest: Guest) -> None:
    query = f"ref={guest.console}"
    async with console(caller, query, guest.address) as one, console(caller, query, guest.address) as other:
        await one.greet()
        await other.greet()
        other.ask(incremental=False)
        await other.update()
        other.ask()
        one.key(ord("k"))
        await other.update()
        assert other.line(FIRST_TYPED) == "> k_"
        await caller.call("VM.hard_shutdown", guest.vm)
        assert await asyncio.wait_for(one.reader.read(), 5) == b""
        await asyncio.wait_for(other.reader.read(), 5)


async def test_a_host_has_a_screen_and_a_terminal(caller: Caller) -> None:
    db = caller.sim.db
    dom0 = str(db.field("host", caller.sim.pool.coordinator, "control_domain"))
    address = caller.sim.coordinator
    by_protocol = {db.field("console", str(ref), "protocol"): ref for ref in db.items("VM", dom0, "consoles")}
    async with console(caller, f"ref={dom0}", address) as viewer:
        await viewer.greet()
        assert viewer.name == db.field("VM", dom0, "name_label")
    async with console(caller, f"ref={by_protocol['vt100']}", address) as viewer:
        await viewer.reader.readuntil(b"login: ")
        viewer.writer.write(b"root\r")
        assert await viewer.reader.readuntil(b"login: ") == b"root\r\nlogin: "


async def test_who_is_refused(caller: Caller, guest: Guest) -> None:
    sim, session = caller.sim, caller.session

    async def status(first: str, address: str = guest.address) -> tuple[int, str]:
        answer = await ask(sim, first, [], address=address)
        return answer.status, answer.head + answer.body.decode()

    code, text = await status(f"CONNECT /console?ref={guest.console}&session_id=OpaqueRef:1 HTTP/1.1")
    assert code == 401
    assert 'WWW-Authenticate: Basic realm="connect_console"' in text
    elsewhere = next(address for address in sim.addresses if address != guest.address)
    code, text = await status(f"CONNECT /console?ref={guest.console}&session_id={session} HTTP/1.1", elsewhere)
    assert code == 500
    assert text.endswith("Console.Failure</body></html>")
    assert (await status(f"CONNECT /console?ref=OpaqueRef:1&session_id={session} HTTP/1.1"))[0] == 404
    assert (await status(f"GET /console?ref={guest.console}&session_id={session} HTTP/1.1"))[1] == (
        "HTTP/1.0 501 Method Not Implemented\r\nConnection: close\r\nCache-Control: no-cache, no-store"
    )


async def test_one_viewer_only_where_the_pool_says_so(caller: Caller, guest: Guest) -> None:
    caller.sim.set("pool", caller.sim.pool.ref, limit_console_sessions=True)
    async with console(caller, f"ref={guest.console}", guest.address) as viewer:
        await viewer.greet()
        first = f"CONNECT /console?ref={guest.console}&session_id={caller.session} HTTP/1.1"
        assert (await ask(caller.sim, first, [], address=guest.address)).status == 503
