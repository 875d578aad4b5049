"""The builder's hands: chance, identities, dates and rows, all from one seed."""

import random
from collections.abc import Sequence
from typing import TypeVar

from xensim.clock import wire_date
from xensim.database import Database
from xensim.pool import Pool

DAY = 86400.0
GIB = 1 << 30
_Item = TypeVar("_Item")


class Mint:
    """Makes rows whose refs and uuids follow from the seed alone, and whose dates follow from the pool's clock."""

    def __init__(self, pool: Pool, seed: int) -> None:
        self.pool = pool
        self.db: Database = pool.db
        # A stream of its own: the pool's, seeded alike, would hand out the same refs again later.
        self.rng = random.Random(f"graph {seed}")
        self.now = pool.clock.now()

    def add(self, cls: str, /, **fields: object) -> str:
        """A new row; its ref."""
        fields.setdefault("uuid", self.uuid())
        return self.db.create(cls, fields, ref=f"OpaqueRef:{self.uuid()}")

    def uuid(self) -> str:
        text = f"{self.rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def mac(self) -> str:
        """A locally administered address, as xapi makes them."""
        first = self.rng.randrange(256) & 0xFC | 0x02
        return ":".join(f"{byte:02x}" for byte in (first, *self.rng.randbytes(5)))

    def fingerprint(self, size: int = 32) -> str:
        return ":".join(f"{byte:02X}" for byte in self.rng.randbytes(size))

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, items: Sequence[_Item]) -> _Item:
        return items[int(self.rng.random() * len(items))]

    def moment(self, newest_days: float, oldest_days: float) -> float:
        """Some time between so many days ago and so many."""
        return self.now - DAY * self.rng.uniform(newest_days, oldest_days)

    def date(self, newest_days: float, oldest_days: float) -> str:
        return wire_date(self.moment(newest_days, oldest_days))

    def ago(self, days: float) -> str:
        return wire_date(self.now - DAY * days)
