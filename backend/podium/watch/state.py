"""What a watcher is told and what it tells: the server it watches, and the state of its connection."""

from enum import StrEnum

import msgspec

from podium.errors import PodiumError
from podium.xapi.trust import Trust


class State(StrEnum):
    """Of a connection to a pool."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STALE = "stale"
    """It was connected and does not answer now; its last-known objects stay. Reconnecting goes on."""
    DISCONNECTED = "disconnected"
    """Nobody wants it connected."""
    REFUSED = "refused"
    """Only a human can change it: wrong credentials, an untrusted certificate, a pool that is connected elsewhere."""


class ServerConfig(msgspec.Struct, frozen=True):
    """A stored server, ready to be watched. `password` is in the clear: never log or encode this."""

    id: str
    host: str
    """As the user typed it: `[scheme://]host[:port]`."""
    username: str
    password: str
    allow_unauthorized: bool = False
    pinned_fingerprint: str | None = None
    proxy: str | None = None
    read_only: bool = False
    members: tuple[str, ...] = ()
    """Addresses of the pool's members when it was last seen: tried when the server's own does not answer."""
    certificates: tuple[str, ...] = ()
    """Fingerprints of the members' certificates, as the pool told them over a trusted connection. They count only
    beside a pinned one."""
    expected_pool: str | None = None
    """The pool this server led to before. An ejected member is a pool of its own and takes the same password."""

    @property
    def trust(self) -> Trust:
        """How its certificates are judged."""
        pins = frozenset((self.pinned_fingerprint, *self.certificates)) if self.pinned_fingerprint else frozenset()
        return Trust(pins, self.allow_unauthorized)

    def __repr__(self) -> str:
        return f"ServerConfig({self.id} {self.host})"


class Trouble(msgspec.Struct, frozen=True):
    """An error as it is shown: its stable code, its title, and what exactly happened."""

    code: str
    message: str
    detail: str
    data: dict[str, object]

    @classmethod
    def of(cls, error: PodiumError) -> "Trouble":
        return cls(error.code, error.title, str(error), error.members().get("data", {}))


class WatchState(msgspec.Struct, frozen=True):
    """The connection as everybody may know it. Times are Unix seconds."""

    server_id: str
    state: State
    since: float
    trouble: Trouble | None = None
    pool_id: str | None = None
    pool_label: str = ""
    pool_description: str = ""
    master: str | None = None
    """The coordinator's id."""
    members: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    """Fingerprints of the members' certificates."""
    product_version: str = ""
    last_answer: float | None = None
    """When the pool last answered, be it to say that nothing happened."""
    latency_ms: float | None = None
    events_per_s: float = 0.0
    certificate_fingerprint: str | None = None
