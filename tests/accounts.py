"""The account services over a test's database, without HTTP and with a clock of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from podium.cache.commit import Commit
from podium.cache.objects import Objects
from podium.db.base import Database, open_database
from podium.model.registry import BY_STRUCT
from podium.services.access import Viewer, viewer_of
from podium.services.auth import Auth
from podium.services.passwords import Passwords
from podium.services.second_factor import SecondFactors
from podium.services.sessions import Sessions
from podium.services.throttle import Throttle
from podium.services.tokens import Tokens
from podium.services.users import Users
from podium.settings import Settings
from tests.conftest import SECRET

ROOT: Viewer = viewer_of("root", "admin")


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def cache() -> tuple[Objects, list[Commit]]:
    """An empty cache and the list of its commits."""
    commits: list[Commit] = []
    objects = Objects(epoch="test", publish=commits.append, resource_of=lambda one: BY_STRUCT[type(one)])
    return objects, commits


class Accounts:
    """Everything joined as in app.py."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.clock = Clock()
        self.objects, self.commits = cache()
        self.sessions = Sessions(clock=self.clock)
        self.passwords = Passwords(settings)
        self.tokens = Tokens(database, self.sessions, settings, secret=SECRET)
        self.users = Users(database, self.objects, self.sessions, self.tokens, self.passwords)
        self.throttle = Throttle(clock=self.clock)
        self.factors = SecondFactors(database, settings, secret=SECRET, clock=self.clock)
        self.auth = Auth(
            self.users, self.tokens, self.sessions, self.passwords, self.throttle, settings, factors=self.factors
        )


@asynccontextmanager
async def accounts(settings: Settings) -> AsyncIterator[Accounts]:
    database = open_database(settings.database)
    yield Accounts(database, settings)
    await database.close()
