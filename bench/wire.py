"""The cheapest HTTP client there is: one blocking socket, one buffer, nothing parsed that is not needed.

Whatever a client spends is taken from the service on a machine with few cores.
"""

import socket
import time
from dataclasses import dataclass
from typing import Final

import msgspec

BUFFER: Final = 64 * 1024 * 1024
TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`first_byte_s` and `total_s` count from when the request was sent; `raw` is the body as it came."""

    status: int
    head: bytes
    raw: bytes
    first_byte_s: float
    total_s: float

    @property
    def body(self) -> bytes:
        """The body, out of its chunks."""
        return unchunked(self.raw) if is_chunked(self.head) else self.raw

    def json(self) -> object:
        return msgspec.json.decode(self.body)

    def header(self, name: bytes) -> str:
        """The value of a header; empty when it is not there."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip().decode()
        return ""


class Wire:
    """One connection that is kept open."""

    def __init__(self, port: int, *, headers: str = "") -> None:
        self._headers = headers
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._view = memoryview(bytearray(BUFFER))

    def get(self, path: str, *, headers: str = "") -> Answer:
        return self.send(request("GET", path, headers=self._headers + headers))

    def post(self, path: str, body: object) -> Answer:
        return self.send(request("POST", path, headers=self._headers, body=body))

    def send(self, data: bytes) -> Answer:
        """Send one request and read all of its answer."""
        view = self._view
        began = time.perf_counter()
        self._socket.sendall(data)
        first = None
        filled = 0
        head_end = -1
        wanted = -1
        while True:
            count = self._socket.recv_into(view[filled:])
            if first is None:
                first = time.perf_counter()
            if count == 0:
                raise ConnectionError("the server closed the connection")
            filled += count
            if head_end < 0:
                head_end = bytes(view[:filled]).find(b"\r\n\r\n")
                if head_end < 0:
                    continue
                wanted = body_length(bytes(view[:head_end]))
            if filled - head_end - 4 >= wanted if wanted >= 0 else bytes(view[filled - 5 : filled]) == b"0\r\n\r\n":
                break
        total = time.perf_counter() - began
        head = bytes(view[:head_end])
        return Answer(int(head[9:12]), head, bytes(view[head_end + 4 : filled]), first - began, total)

    def close(self) -> None:
        self._socket.close()


def request(method: str, path: str, *, headers: str = "", body: object = None) -> bytes:
    """A request's bytes. `headers` end in CRLF; `body` goes as JSON."""
    content = b"" if body is None else msgspec.json.encode(body)
    extra = "" if body is None else f"content-type: application/json\r\ncontent-length: {len(content)}\r\n"
    return f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}{extra}\r\n".encode() + content


def body_length(head: bytes) -> int:
    """The length that a head announces; -1: it comes in chunks."""
    if is_chunked(head):
        return -1
    lower = head.lower()
    at = lower.find(b"content-length:")
    return int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def is_chunked(head: bytes) -> bool:
    return b"transfer-encoding: chunked" in head.lower()


def unchunked(raw: bytes) -> bytes:
    """A body out of its chunks."""
    pieces: list[bytes] = []
    at = 0
    while True:
        line_end = raw.index(b"\r\n", at)
        size = int(raw[at:line_end].split(b";")[0], 16)
        if size == 0:
            return b"".join(pieces)
        at = line_end + 2
        pieces.append(raw[at : at + size])
        at += size + 2
