"""Where operations register: a method of the API and the function that performs it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.pool import Pool

Operation = Callable[..., object]
_Function = TypeVar("_Function", bound=Callable[..., object])

OPERATIONS: dict[str, Operation] = {}


def operation(*names: str) -> Callable[[_Function], _Function]:
    """Register a function, plain or async, for methods: `@operation("VM.start")`.

    It is called with a Call and the method's arguments in order, types checked and defaults filled in, and answers the
    result in wire form (None for void) or raises XapiFailure. An operation goes before a generic implicit method.
    """

    def register(function: _Function) -> _Function:
        for name in names:
            if name in OPERATIONS:
                raise ValueError(f"{name} is registered twice")
            OPERATIONS[name] = function
        return function

    return register


@dataclass(slots=True)
class Call:
    """The circumstances of one call. `task` is the ref of its task row, `DummyRef:...` when it has none."""

    pool: Pool
    session: str
    task: str
    method: str

    @property
    def db(self) -> Database:
        return self.pool.db

    async def progress(self, fraction: float) -> None:
        """Move the task's progress, let others run, and raise TASK_CANCELLED when somebody cancelled the task."""
        self.pool.tasks.progress(self.task, fraction)
        await asyncio.sleep(0)
        self.check()

    async def sleep(self, seconds: float) -> None:
        """Take simulated time (`pool.pace` times `seconds`); raises TASK_CANCELLED as soon as the task is cancelled."""
        await self.pool.tasks.sleep(self.task, seconds * self.pool.pace)
        self.check()

    def check(self) -> None:
        """Raise TASK_CANCELLED when somebody cancelled the task."""
        if self.pool.tasks.is_cancelled(self.task):
            raise XapiFailure("TASK_CANCELLED", self.task)

    async def call(self, method: str, *arguments: object) -> object:
        """Another method of the API under the same session and task, e.g. from `VM.clean_reboot`."""
        function = OPERATIONS.get(method)
        if function is None:
            raise XapiFailure("NOT_IMPLEMENTED", method)
        result = function(Call(self.pool, self.session, self.task, method), *arguments)
        return await result if isinstance(result, Awaitable) else result
