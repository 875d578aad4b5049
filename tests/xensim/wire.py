"""Recorded exchanges of a real daemon: reading them, sending them again, and what makes two replies alike."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xensim import Sim, xmlrpc

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "xapi" / "wire"
_REF = re.compile(r"(?:OpaqueRef|DummyRef):[0-9a-f|-]{36}[^\"<&]*?(?=[\"<&\\]|$)")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_DATE = re.compile(r"\b\d{8}T\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange; `head` and `body` of the reply are empty when none came."""

    name: str
    title: str
    request_head: str
    request_body: str
    head: str
    body: str

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1]) if self.head else 0


def recordings(prefix: str) -> Iterator[Recording]:
    """The plain HTTP exchanges whose file name begins with `prefix`, in order."""
    for path in sorted(FOLDER.glob(f"{prefix}*.json")):
        source = json.loads(path.read_text(encoding="utf-8"))
        if source.get("transport") != "http" or not (source.get("response") or {}).get("head"):
            continue
        request, response = source["request"], source["response"]
        if source.get("body_encoding") or response.get("body_truncated_to"):
            continue
        yield Recording(
            path.stem, source["title"], request["head"], request["body"], response["head"], response["body"] or ""
        )


@dataclass(slots=True)
class Reply:
    head: str
    body: str

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])


async def exchange(address: str, port: int, data: bytes) -> Reply:
    """Send bytes on a new connection and read one reply."""
    async with connection(address, port) as (reader, writer):
        writer.write(data)
        return await read_reply(reader)


@asynccontextmanager
async def connection(
    address: str, port: int, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(address, port, ssl=context, limit=1 << 24)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode()
    length = next(int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length"))
    body = (await asyncio.wait_for(reader.readexactly(length), 20)).decode()
    return Reply(head[:-4], body)


@dataclass(slots=True)
class Replay:
    """Sends recordings to a simulator in order, learning which of its refs stand for the recorded ones."""

    sim: Sim
    refs: dict[str, str] = field(default_factory=dict)

    async def send(self, recording: Recording, address: str = "") -> Reply:
        body = self._translate(recording)
        head = re.sub(r"(?i)content-length: \d+", f"Content-Length: {len(body.encode())}", recording.request_head)
        data = f"{head}\r\n\r\n{body}".encode()
        reply = await exchange(address or self.sim.coordinator, self.sim.port, data)
        self._learn(recording, reply)
        return reply

    def _translate(self, recording: Recording) -> str:
        body = recording.request_body.replace("dummy-pw-1", "xensim")
        if "login" not in body and (succeeds(recording) or '"Fault"' in recording.body):
            session = first_ref(body)
            if session and session not in self.refs:
                self.refs[session] = self.sim.pool.sessions.open("root")
        for recorded, live in self.refs.items():
            body = body.replace(recorded, live)
        return _hurried(body) if "event.from" in body else body

    def _learn(self, recording: Recording, reply: Reply) -> None:
        """A ref that came as the result stands for the one recorded."""
        recorded, live = result(recording.body), result(reply.body)
        if isinstance(recorded, str) and isinstance(live, str) and recorded.startswith("OpaqueRef:"):
            self.refs.setdefault(recorded, live)


def _hurried(body: str) -> str:
    """An event.from of the same types that does not wait: its recorded token means nothing here."""
    for timeout, quick in ((r"\d+\.\d+", "0.01"), (r'"\d+\.\d+"', '"0.01"'), (r"\d+", "0")):
        body = re.sub(rf',{timeout}(\],"id")', rf",{quick}\1", body)
    return re.sub(r"<double>[\d.]+<", "<double>0.01<", body)


def first_ref(body: str) -> str:
    match = re.search(r"OpaqueRef:[0-9a-f-]{36}", body)
    return match[0] if match else ""


def succeeds(recording: Recording) -> bool:
    body = recording.body
    if recording.status != 200:
        return False
    if body.startswith("<"):
        return "<value>Failure</value>" not in body
    return '"result":' in body and '"result":null' not in body


def result(body: str) -> Any:
    """The result of a reply in any of the three forms, None for failures and what is no reply."""
    if body.startswith("{"):
        try:
            return json.loads(body).get("result")
        except ValueError:
            return None
    match = re.search(r"<name>Value</name><value>([^<]*)</value>", body)
    return match[1] if match else None


def method(recording: Recording) -> str:
    match = re.search(r'"method": ?"([^"]+)"|<methodName>([^<]+)<', recording.request_body)
    return (match[1] or match[2]) if match else ""


def headers(head: str) -> list[str]:
    """Status line and header lines with what differs between any two replies taken out."""
    lines = [re.sub(r"(?i)^(content-length: )\d+$", r"\1N", line) for line in head.split("\r\n")]
    return [line.lower() for line in lines]


def anonymous(text: str) -> str:
    """A body with refs, uuids, dates and addresses replaced by words."""
    for pattern, word in ((_REF, "REF"), (_UUID, "UUID"), (_DATE, "DATE")):
        text = pattern.sub(word, text)
    return re.sub(r"\b(?:10\.77\.0|127\.0\.0)\.\d+\b", "ADDRESS", text)


def shape(value: Any, depth: int = 4) -> Any:
    """The form of a JSON value: the keys of records and kinds of values; a map of records goes by its first."""
    if isinstance(value, dict):
        if depth == 0 or not value:
            return "object"
        keys = list(value)
        if all(key.startswith("OpaqueRef:") for key in keys):
            return {"REF": shape(value[keys[0]], depth - 1)}
        if "uuid" in value or "events" in value or "valid_ref_counts" in value or "operation" in value:
            return {key: shape(element, 0) for key, element in sorted(value.items())}
        return "object"
    if isinstance(value, list):
        return "array"
    return type(value).__name__


def decode_xml(body: str) -> Any:
    """An XML-RPC reply as a value, by the simulator's own reader of requests."""
    request = body.replace("<methodResponse>", "<methodCall><methodName>x</methodName>")
    request = request.replace("</methodResponse>", "</methodCall>")
    return xmlrpc.decode(request.encode())[1][0]
