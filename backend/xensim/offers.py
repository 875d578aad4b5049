"""What hosts of this process have offered to receive: how VM.migrate_send finds the pool that a map tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from xensim.failures import XapiFailure, internal_error
from xensim.pool import Pool

KEYS = ("SM", "xenops", "host", "master", "session_id")


@dataclass(frozen=True, slots=True)
class Offer:
    """A host, by its ref, of a pool."""

    pool: Pool
    host: str


class Offers:
    """Offers by the session that the destination opened for them; each lasts as long as its session."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}

    def make(self, pool: Pool, host: str) -> dict[str, str]:
        """The answer to host.migrate_receive, to be handed on as it is. Source: xapi_host.ml, migrate_receive."""
        self._offers = {key: offer for key, offer in self._offers.items() if offer.pool.sessions.is_valid(key)}
        # A pool makes up its refs from its seed, and two pools may have the same one.
        session = pool.sessions.open("root", ref=f"OpaqueRef:{uuid4()}")
        self._offers[session] = Offer(pool, host)
        address = str(pool.db.field("host", host, "address"))
        return {
            "SM": f"https://{address}/services/SM?session_id={session}",
            "host": host,
            "xenops": f"https://{address}/services/xenops?session_id={session}",
            "session_id": session,
            "master": f"https://{pool.db.field('host', pool.coordinator, 'address')}/",
        }

    def find(self, destination: Mapping[str, str]) -> Offer:
        """The offer that a map tells of. Raises INTERNAL_ERROR, CANNOT_CONTACT_HOST, SESSION_INVALID."""
        if not destination.keys() >= set(KEYS):
            raise internal_error("Not_found")
        session = destination["session_id"]
        offer = self._offers.get(session)
        if offer is None:
            raise XapiFailure("CANNOT_CONTACT_HOST", destination["host"])
        if not offer.pool.sessions.is_valid(session):
            raise XapiFailure("SESSION_INVALID", session)
        return offer

    def withdraw(self, pool: Pool) -> None:
        """Nobody answers for a pool any more."""
        self._offers = {key: offer for key, offer in self._offers.items() if offer.pool is not pool}


OFFERS = Offers()
