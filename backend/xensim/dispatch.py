"""From a method name and its parameters to a result: the checks of XAPI's dispatcher, in its order."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from dataclasses import dataclass

from xensim import arguments, builtin, events, legacy
from xensim.audit import Entry
from xensim.failures import XapiFailure, internal_error
from xensim.implicit import implicit
from xensim.pool import Pool
from xensim.registry import OPERATIONS, Call, Operation
from xensim.schema import Message, Type

log = logging.getLogger(__name__)
OPERATION_MODULES = (builtin, events, legacy)  # importing them registers what they hold
_STRINGS = Type("set", item=Type("string"))
_STRING = Type("string")
_TASK = Type("ref", name="task")
_VOID = Type("void")


@dataclass(frozen=True, slots=True)
class Result:
    """A result with its type; `bare` when XML-RPC sends it outside the Status struct."""

    value: object
    type: Type
    bare: bool = False


class Dispatcher:
    """The calls of one pool, whichever of its hosts they come to."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._functions: dict[str, Operation | None] = {}
        self._underscored = {name.replace(".", "_", 1): name for name in pool.schema.methods}
        self._running: set[asyncio.Task[object]] = set()

    async def call(self, host: str, method: str, params: list[object]) -> Result:
        """Perform a call that came to `host`. Raises XapiFailure."""
        if method == "system.listMethods":
            return Result(list(self._pool.schema.methods), _STRINGS, bare=True)
        if method.startswith("system.isAlive:"):
            return Result(params[0] if params else "", _STRING, bare=True)
        prefix, name = _split(method)
        message = self._message(name, prefix)
        if message is None:
            if params:
                self._check_session(host, params[0], name)
            raise XapiFailure("MESSAGE_METHOD_UNKNOWN", name)
        arguments.count(message, params)
        if not message.session:
            return Result(await self._login(host, message, params), message.result)
        session = self._check_session(host, params[0], message.full_name)
        if message.removed:
            raise XapiFailure("MESSAGE_REMOVED")
        values = arguments.convert(message, params, self._pool.schema)
        if prefix:
            return self._start(prefix, message, session, values)
        return Result(await self._perform(message, session, values), message.result)

    def _message(self, name: str, prefix: str) -> Message | None:
        methods = self._pool.schema.methods
        if name not in methods and not prefix:
            name = self._underscored.get(name, name)
        return methods.get(name)

    # sessions

    def _check_session(self, host: str, session: object, method: str) -> str:
        """The session of a call; members send every ordinary one to the coordinator."""
        pool = self._pool
        reference = str(arguments.coerce(session, _STRING, pool.schema))
        if reference in pool.sessions.local:
            if method in _LOCAL:
                return reference
            raise self._elsewhere(host) or XapiFailure("SESSION_INVALID", reference)
        elsewhere = self._elsewhere(host)
        if elsewhere is not None and method != "session.logout":
            raise elsewhere
        return pool.sessions.check(reference)

    def _elsewhere(self, host: str) -> XapiFailure | None:
        """The redirection that a member answers, None at the coordinator."""
        coordinator = self._pool.coordinator
        if host == coordinator:
            return None
        return XapiFailure("HOST_IS_SLAVE", str(self._pool.db.field("host", coordinator, "address")))

    async def _login(self, host: str, message: Message, params: list[object]) -> str:
        values = [str(value) for value in arguments.convert(message, params, self._pool.schema)]
        sessions = self._pool.sessions
        match message.name:
            case "slave_local_login_with_password":
                return await sessions.local_login(values[0], values[1])
            case "login_with_password":
                elsewhere = self._elsewhere(host)
                if elsewhere is not None:
                    raise elsewhere
                return await sessions.login(values[0], values[1], values[3])
        # Logins between the members of a pool: nobody outside knows the secret.
        raise XapiFailure("SESSION_AUTHENTICATION_FAILED", values[0], "Pool credentials invalid")

    # performing

    def _function(self, message: Message) -> Operation:
        name = message.full_name
        if name not in self._functions:
            self._functions[name] = OPERATIONS.get(name) or implicit(self._pool.schema, message)
        function = self._functions[name]
        if function is None:
            raise XapiFailure("NOT_IMPLEMENTED", name)
        return function

    async def _perform(self, message: Message, session: str, values: list[object]) -> object:
        """A synchronous call; one that has an asynchronous form runs under a task row that others can see."""
        if session in self._pool.sessions.local:
            return self._local(message, session)
        tasks = self._pool.tasks
        if not message.is_async:
            return await self._invoke(message, session, f"DummyRef:|{id(values):x}|{message.full_name}", values)
        task = tasks.create(message.full_name, session)
        # Shielded: XAPI goes on with what it began, though the client that asked for it has gone.
        outcome = await asyncio.shield(self._spawn(self._attempt(message, session, task, values)))
        if isinstance(outcome, XapiFailure):
            raise outcome
        return outcome

    async def _attempt(self, message: Message, session: str, task: str, values: list[object]) -> object:
        """The result, or the failure, of a synchronous call; its task row goes when it ends."""
        try:
            return await self._invoke(message, session, task, values)
        except XapiFailure as failure:
            return failure
        finally:
            self._pool.tasks.remove(task)

    def _start(self, prefix: str, message: Message, session: str, values: list[object]) -> Result:
        if not message.is_async:
            raise XapiFailure("Fault", f"No async mode for this operation (rpc: {message.full_name})")
        task = self._pool.tasks.create(f"{prefix}.{message.full_name}", session, cancellable=True)
        self._spawn(self._run(message, session, task, values))
        return Result(task, _TASK)

    def _spawn(self, work: Coroutine[None, None, object]) -> asyncio.Task[object]:
        running = asyncio.create_task(work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return running

    async def _run(self, message: Message, session: str, task: str, values: list[object]) -> None:
        """A call that somebody started with `Async.`: its outcome goes into its task."""
        try:
            result = await self._invoke(message, session, task, values)
        except XapiFailure as failure:
            self._pool.tasks.fail(task, failure)
        else:
            self._pool.tasks.succeed(task, result, message.result)

    async def _invoke(self, message: Message, session: str, task: str, values: list[object]) -> object:
        outcome = "OK"
        try:
            result = self._function(message)(Call(self._pool, session, task, message.full_name), *values)
            return await result if inspect.isawaitable(result) else result
        except XapiFailure as failure:
            outcome = failure.code
            raise
        except Exception as error:  # as XAPI does: a fault of ours must not end the connection
            log.exception("%s failed", message.full_name)
            outcome = "INTERNAL_ERROR"
            raise internal_error(repr(error)) from error
        finally:
            if message.role != "read-only":
                self._audit(message.full_name, session, outcome)

    def _audit(self, method: str, session: str, outcome: str) -> None:
        db = self._pool.db
        user = str(db.field("session", session, "auth_user_name")) if db.exists("session", session) else ""
        host = str(db.field("host", self._pool.coordinator, "hostname"))
        self._pool.audit.add(Entry(self._pool.clock.now(), host, user, session, method, outcome))

    def _local(self, message: Message, session: str) -> object:
        if message.full_name == "session.local_logout":
            self._pool.sessions.local.discard(session)
            return None
        return False  # host.is_in_emergency_mode: never here

    async def stop(self) -> None:
        """End what runs in the background."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


_LOCAL = {"session.local_logout", "host.is_in_emergency_mode"}


def _split(method: str) -> tuple[str, str]:
    for prefix in ("Async", "InternalAsync"):
        if method.startswith(f"{prefix}."):
            return prefix, method[len(prefix) + 1 :]
    return "", method
