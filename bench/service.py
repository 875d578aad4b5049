"""The service as it is measured: `podium serve` in a process of its own, and an administrator's connection to it."""

import time
from pathlib import Path
from typing import Final, Self

import msgspec

from bench.pool import Pool
from bench.process import Process, free_port
from bench.wire import Answer, Wire

NAME: Final = "bench"
PASSWORD: Final = "bench-password-1"
POOL_USER: Final = "root"
POOL_PASSWORD: Final = "xensim"
START_S: Final = 60.0
POLL_S: Final = 0.002


class Service(Process):
    """A running service on loopback with its own data directory."""

    def __init__(self, data_dir: Path, *, metrics: bool = False) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.began = time.perf_counter()
        environment = {
            "PODIUM_DATA_DIR": str(data_dir),
            "PODIUM_PORT": str(self.port),
            "PODIUM_ADMIN_EMAIL": NAME,
            "PODIUM_ADMIN_PASSWORD": PASSWORD,
            "PODIUM_LOG_LEVEL": "warning",
            "PODIUM_METRICS_INTERVAL_S": "5" if metrics else "0",
            # compiled once, as where it is installed, whatever this shell or the rights on the checkout say
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(data_dir.parent / "bytecode"),
        }
        super().__init__("-m", "podium", "serve", environment=environment)
        self.token = ""
        self.first_answer_s = self._wait()

    @property
    def auth(self) -> str:
        return f"cookie: authenticationToken={self.token}\r\n"

    def wire(self) -> Wire:
        """A new connection, signed in if somebody signed in before."""
        return Wire(self.port, headers=self.auth if self.token else "")

    def sign_in(self) -> None:
        wire = Wire(self.port)
        answer = _good(wire.post("/rest/v0/auth/signin", {"username": NAME, "password": PASSWORD}))
        self.token = answer.header(b"set-cookie").partition("=")[2].partition(";")[0]
        wire.close()

    def add(self, pool: Pool) -> str:
        """Store the pool's address; the server's id."""
        body = {"host": pool.url, "username": POOL_USER, "password": POOL_PASSWORD}
        wire = Wire(self.port, headers=f"authorization: Bearer {self.token}\r\n")
        answer = _good(wire.post("/rest/v0/servers", body))
        wire.close()
        return msgspec.convert(answer.json(), dict[str, str])["id"]

    def act(self, server_id: str, action: str) -> float:
        """Connect or disconnect, and wait until it is done; the seconds that took."""
        wire = Wire(self.port, headers=f"authorization: Bearer {self.token}\r\n")
        answer = _good(wire.post(f"/rest/v0/servers/{server_id}/actions/{action}?sync=true", {}))
        wire.close()
        return answer.total_s

    def count(self, collection: str) -> int:
        """How many rows a collection has."""
        wire = self.wire()
        answer = wire.get(f"/rest/v0/{collection}?limit=0")
        wire.close()
        return int(answer.header(b"x-total-count"))

    def __enter__(self) -> Self:
        return self

    def _wait(self) -> float:
        """Seconds from the start of the process to its first answer."""
        while True:
            try:
                wire = Wire(self.port)
                answer = wire.get("/rest/v0/ping")
                wire.close()
            except OSError:
                if self.popen.poll() is not None or time.perf_counter() - self.began > START_S:
                    raise RuntimeError("the service did not start") from None
                time.sleep(POLL_S)
                continue
            if answer.status != 200:
                raise RuntimeError(answer.body.decode())
            return time.perf_counter() - self.began


def _good(answer: Answer) -> Answer:
    if answer.status >= 300:
        raise RuntimeError(f"HTTP {answer.status}: {answer.body[:500].decode()}")
    return answer
