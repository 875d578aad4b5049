"""Many clients in one process: it opens them, says `ready`, and tells what they saw when it is told to stop.

`python -m bench.load sse|lists ...`, started by the measurements; see `Crowd` and `repeat` below for what it prints.
Clients parse next to nothing: stamps are found by a regular expression, and only by `--watch` of them.
"""

import argparse
import re
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from typing import Final

import msgspec

from bench.wire import body_length, request

CHUNK: Final = 1024 * 1024
OPENING: Final = 50
"""Streams opened at once: the listen queue is finite."""
STAMPED: Final = re.compile(rb'"id":"([^"]+)"[^\n]*?"name_description":"stamp (\d+)"')
STAMP: Final = re.compile(rb'"name_description":\s?"stamp (\d+)"')
TOKEN: Final = re.compile(rb'"token":\s?"([^"]*)"')
PLACE: Final = re.compile(rb"\nid: ([^\n]+)\n")
TAIL: Final = 16 * 1024

_buffer = memoryview(bytearray(CHUNK))


class Seen(msgspec.Struct):
    """What the streams saw. Delays are in seconds, from the moment a change was made in the pool."""

    delays: list[float]
    pool_delays: list[float]
    """Those of a bare follower of the pool in the same process."""
    frames: int
    bytes: int
    closed: int
    """Streams that were ended by the service."""
    behind: int
    """Streams that did not end with the frame that the others ended with."""
    last: dict[str, str]
    """Of the first stream: the newest stamp of each object."""


class Stream:
    """One SSE client. `watched`: its stamps are read; others are only counted."""

    def __init__(self, port: int, path: str, auth: str, *, watched: bool) -> None:
        self.watched = watched
        self.frames = self.bytes = 0
        self.ready = self.closed = False
        self.delays: list[float] = []
        self.last: dict[bytes, bytes] = {}
        self.tail = b""
        self._rest = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(request("GET", path, headers=f"{auth}accept: text/event-stream\r\n"))
        self.socket.setblocking(False)

    def read(self) -> None:
        """Take what has arrived."""
        count = self.socket.recv_into(_buffer)
        if count == 0:
            self.closed = True
            return
        data = bytes(_buffer[:count])
        self.bytes += count
        self.frames += data.count(b"event: ")
        self.ready = self.ready or b"event: init" in data or b"event: init" in self.tail + data
        self.tail = (self.tail + data)[-TAIL:] if count < TAIL else data[-TAIL:]
        if self.watched:
            self._find_stamps(data)

    def place(self) -> bytes:
        """The id of the last frame."""
        found = PLACE.findall(self.tail)
        return found[-1] if found else b""

    def _find_stamps(self, data: bytes) -> None:
        now = time.monotonic_ns()
        whole, separator, rest = (self._rest + data).rpartition(b"\n\n")
        self._rest = rest
        for object_id, stamp in STAMPED.findall(whole + separator):
            self.delays.append((now - int(stamp)) / 1e9)
            self.last[object_id] = stamp


class Follower:
    """A bare `event.from` loop on the pool: how long the pool itself takes to tell of a change."""

    def __init__(self, port: int, user: str, password: str, classes: list[str]) -> None:
        self.delays: list[float] = []
        self.closed = False
        self._classes = classes
        self._token = b""
        self._data = bytearray()
        self._wanted = -1
        self.socket = socket.create_connection(("127.0.0.1", port))
        self._call("session.login_with_password", user, password)
        self._session = ""
        while not self._session:
            self._session = self._login()
        self._call("event.from", self._session, ["task"], "", 0.0)  # only for the token
        self.socket.setblocking(False)

    def read(self) -> None:
        """Take what has arrived; at the end of an answer note its stamps and ask for what comes after it."""
        if not self._take():
            return
        now = time.monotonic_ns()
        answer = bytes(self._data)
        if self._token:
            self.delays += [(now - int(stamp)) / 1e9 for stamp in STAMP.findall(answer)]
        self._token = TOKEN.findall(answer)[-1]
        self._call("event.from", self._session, self._classes, self._token.decode(), 5.0)

    def _login(self) -> str:
        if not self._take():
            return ""
        answer = bytes(self._data)
        return msgspec.json.decode(answer[answer.index(b"\r\n\r\n") + 4 :], type=dict[str, object])["result"]  # type: ignore[return-value]  # a reference

    def _take(self) -> bool:
        count = self.socket.recv_into(_buffer)
        if count == 0:
            raise ConnectionError("the pool closed the connection")
        self._data += _buffer[:count]
        if self._wanted < 0 and (end := self._data.find(b"\r\n\r\n")) >= 0:
            self._wanted = end + 4 + body_length(bytes(self._data[:end]))
        return 0 <= self._wanted <= len(self._data)

    def _call(self, method: str, *params: object) -> None:
        self._data.clear()
        self._wanted = -1
        self.socket.sendall(
            request("POST", "/jsonrpc", body={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        )


class Crowd:
    """Streams, and perhaps a follower. Prints `ready`; on `reset` forgets what it saw, on `stop` prints a Seen."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._selector = selectors.DefaultSelector()
        self._streams: list[Stream] = []
        every = max(1, arguments.clients // max(1, arguments.watch))
        for number in range(arguments.clients):
            watched = number % every == 0
            stream = Stream(arguments.port, arguments.path, arguments.auth, watched=watched)
            self._streams.append(stream)
            self._selector.register(stream.socket, selectors.EVENT_READ, stream)
            if number % OPENING == OPENING - 1:
                self._until_ready()
        self._until_ready()
        self._follower: Follower | None = None
        if arguments.pool_port:
            self._follower = Follower(arguments.pool_port, "root", "xensim", arguments.classes.split(","))
            self._selector.register(self._follower.socket, selectors.EVENT_READ, self._follower)
        self._selector.register(sys.stdin, selectors.EVENT_READ)

    def run(self) -> None:
        print("ready", flush=True)
        while True:
            for _ in self._turn():
                command = sys.stdin.readline().strip()
                if command == "reset":
                    self._reset()
                    print("reset", flush=True)
                else:
                    print(msgspec.json.encode(self._seen()).decode(), flush=True)
                    return

    def _until_ready(self) -> None:
        while not all(stream.ready or stream.closed for stream in self._streams):
            for _ in self._turn():
                pass

    def _turn(self) -> Iterator[selectors.SelectorKey]:
        """Read from every stream that has something; hand out what else has."""
        for key, _ in self._selector.select():
            one: Stream | Follower | None = key.data
            if one is None:
                yield key
                continue
            one.read()
            if one.closed:
                self._selector.unregister(one.socket)
                one.socket.close()

    def _reset(self) -> None:
        for stream in self._streams:
            stream.frames = stream.bytes = 0
            stream.delays.clear()
            stream.last.clear()
        if self._follower is not None:
            self._follower.delays.clear()

    def _seen(self) -> Seen:
        streams = self._streams
        places = [stream.place() for stream in streams]
        newest = max(places, key=lambda place: (len(place), place))
        return Seen(
            delays=[delay for stream in streams for delay in stream.delays],
            pool_delays=[] if self._follower is None else self._follower.delays,
            frames=sum(stream.frames for stream in streams),
            bytes=sum(stream.bytes for stream in streams),
            closed=sum(stream.closed for stream in streams),
            behind=sum(place != newest for place in places),
            last={key.decode(): f"stamp {stamp.decode()}" for key, stamp in streams[0].last.items()},
        )


def repeat(arguments: argparse.Namespace) -> None:
    """The same GET over and over on each of `--clients` connections for `--seconds`. Prints the number of answers."""
    selector = selectors.DefaultSelector()
    data = request("GET", arguments.path, headers=arguments.auth)
    for _ in range(arguments.clients):
        one = socket.create_connection(("127.0.0.1", arguments.port))
        one.sendall(data)
        selector.register(one, selectors.EVENT_READ, [0, -2])
    answers = 0
    end = time.monotonic() + arguments.seconds
    while time.monotonic() < end:
        for key, _ in selector.select(0.1):
            assert isinstance(key.fileobj, socket.socket)
            count = key.fileobj.recv_into(_buffer)
            if count == 0:
                raise ConnectionError("the service closed the connection")
            state: list[int] = key.data
            state[0] += count
            if state[1] == -2:
                head, separator, _ = bytes(_buffer[:count]).partition(b"\r\n\r\n")
                length = body_length(head)
                state[1] = length if length < 0 else length + len(head) + len(separator)
            if state[0] == state[1] if state[1] >= 0 else bytes(_buffer[count - 5 : count]) == b"0\r\n\r\n":
                answers += 1
                state[:] = 0, -2
                key.fileobj.sendall(data)
    print(answers, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("sse", "lists"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--auth", default="")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--watch", type=int, default=1, help="clients whose stamps are read")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--pool-port", type=int, default=0)
    parser.add_argument("--classes", default="*")
    arguments = parser.parse_args()
    if arguments.mode == "sse":
        Crowd(arguments).run()
    else:
        repeat(arguments)


if __name__ == "__main__":
    main()
