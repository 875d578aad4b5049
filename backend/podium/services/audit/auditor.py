"""Auditor: what is worth a record, and what stands in it."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final
from uuid import uuid4

import msgspec
import structlog
from msgspec import UNSET

from podium.cache.objects import Objects
from podium.errors import AuditUnavailable
from podium.model.audit import AuditSubject
from podium.model.task import Task
from podium.model.user import User
from podium.services.audit.changes import Before, changes, named
from podium.services.audit.log import AuditLog
from podium.services.audit.redact import BYTES, Redactor
from podium.services.sessions import Session

log = structlog.get_logger(__name__)

API_CALL: Final = "apiCall"
TASK_ENDED: Final = "taskEnded"
SIGNED_IN: Final = "signedIn"
SIGN_IN_FAILED: Final = "signInFailed"
OTP_REQUIRED: Final = "signInOtpRequired"
SIGNED_OUT: Final = "signedOut"
EXPORT: Final = "export"
CONSOLE_OPENED: Final = "consoleOpened"
CONSOLE_CLOSED: Final = "consoleClosed"
VIEW_AS: Final = "viewAs"
COMMAND: Final = "command"


class Call:
    """One request that may change something, from the moment when it is known who makes it."""

    def __init__(
        self,
        subject: AuditSubject,
        *,
        method: str,
        path: str,
        operation: str | None,
        time_ms: int,
        query: Mapping[str, object],
        params: Mapping[str, object],
        body: object,
    ) -> None:
        self.id = str(uuid4())
        self.subject = subject
        self.method = method
        self.path = path
        self.operation = operation
        self.time_ms = time_ms
        self.query = query
        self.params = params
        self.body = body
        self.before: Before = {}
        self.answered = False
        """Its record is written, or about to be."""
        self.ended: list[Task] = []
        """Its Tasks that ended before that."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a call was answered. `made`: ids of what it made; `task`: the Task that goes on after a 202."""

    status: int
    end_ms: int
    error: Mapping[str, Any] | None = None
    made: Sequence[str] = ()
    task: str | None = None


current_call: Final[ContextVar[Call | None]] = ContextVar("current_call", default=None)
"""The request on whose behalf code runs; Tasks inherit it."""


class Auditor:
    """`required`: nothing is done that cannot be recorded. Without it, it is done, and loudly logged."""

    def __init__(self, audit_log: AuditLog, objects: Objects, redactor: Redactor, *, required: bool) -> None:
        self.log = audit_log
        self._objects = objects
        self._redact = redactor
        self._required = required

    def subject(self, session: Session | None, address: str) -> AuditSubject:
        """Who is behind a login, by the name that he has now."""
        if session is None:
            return AuditSubject(user_ip=address)
        found = self.user(session.viewer.user_id, address)
        token = session.token_id
        return found if token is None else msgspec.structs.replace(found, token_id=token)

    def user(self, user_id: str, address: str) -> AuditSubject:
        entry = self._objects.get(user_id)
        name = entry.object.name if entry is not None and isinstance(entry.object, User) else UNSET
        return AuditSubject(user_id=user_id, user_name=name, user_ip=address)

    async def begin(self, call: Call, *, announce: bool) -> None:
        """Before it is done. `announce`: it may change something. Raises AuditUnavailable where that is required."""
        call.before = named(self._objects, list(call.params.values()), call.body, list(call.query.values()))
        if not announce:
            return
        try:
            await self.log.announce(call.id, call.subject, self._described(call))
        except AuditUnavailable:
            if self._required:
                raise
            log.exception("a call is made that may remain unrecorded", method=call.method, path=call.path)

    async def finish(self, call: Call, outcome: Outcome, *, event: str = API_CALL) -> None:
        """Before it is answered; the answer is what it is, also when the record has to wait for the database."""
        data = self._described(call)
        data |= {"status": outcome.status, "duration": max(0, outcome.end_ms - call.time_ms)}
        if outcome.error is not None:
            data["error"] = self._redact.known(outcome.error)
        if outcome.task is not None:
            data["taskId"] = outcome.task
        else:
            data |= self._changed(call, outcome.made)
            if call.ended:
                data["tasks"] = [_ending(task) for task in call.ended]
        written = self.log.add_soon(event, call.subject, data, intent=call.id)
        call.answered = True
        if outcome.task is not None:
            for task in call.ended:
                written = self._record_end(task, call)  # they are written in this order: the last one is waited for
        await self._settled(written)

    async def note(self, event: str, subject: AuditSubject, data: Mapping[str, Any]) -> None:
        """Something that is no call. Raises AuditUnavailable where nothing may be done unrecorded."""
        try:
            await self.log.add(event, subject, self._redact.known(data))
        except AuditUnavailable:
            if self._required:
                raise

    async def task_ended(self, task: Task) -> None:
        """A Task came to its end: part of the record of its call, or, where that was written before, one of its own."""
        call = current_call.get()
        if call is None:
            await self._settled(self._record_end(task, None))
        elif call.answered:
            await self._settled(self._record_end(task, call))
        else:
            call.ended.append(task)

    def _record_end(self, task: Task, call: Call | None) -> Any:
        data: dict[str, Any] = _ending(task)
        data["name"] = self._redact.text(task.properties.name, 200)
        if task.properties.object_id is not UNSET:
            data |= {"objectId": task.properties.object_id, "objectType": task.properties.object_type or ""}
        if task.end is not UNSET:
            data["duration"] = task.end - task.start
        if call is None:
            user_id = task.properties.user_id
            subject = AuditSubject() if user_id is UNSET else self.user(user_id, "")
            return self.log.add_soon(TASK_ENDED, subject, data)
        data["callId"] = call.id
        data |= self._changed(call, made_by(task.result))
        return self.log.add_soon(TASK_ENDED, call.subject, data)

    def _described(self, call: Call) -> dict[str, Any]:
        found: dict[str, Any] = {
            "callId": call.id,
            "method": call.method,
            "path": self._redact.text(call.path, 500),
            "timestamp": call.time_ms,
        }
        if call.operation is not None:
            found["operationId"] = call.operation
        if call.before:
            found["objects"] = [
                {"id": one, "type": entry.resource.type} for one, entry in call.before.items() if entry is not None
            ]
        if call.query:
            found["query"] = self._redact.clean(call.query)
        if call.body is not None:
            found["params"] = self._redact.clean(call.body)
        return found

    def _changed(self, call: Call, made: Sequence[str]) -> dict[str, Any]:
        """As much as there is room for; of the rest, which objects they were."""
        found, size = [], 0
        for one in changes(self._objects, call.before, made):
            clean = self._redact.clean(one)
            size += len(msgspec.json.encode(clean))
            found.append(clean if size <= BYTES else {"id": one["id"], "type": one["type"], "leftOut": True})
        data: dict[str, Any] = {"changes": found} if found else {}
        if made:
            data["made"] = [self._redact.text(one, 200) for one in made]
        return data

    async def _settled(self, written: Any) -> None:
        """Committed, or loudly logged: what was done is done."""
        try:
            await self.log.committed(written)
        except AuditUnavailable:
            log.exception("the record of what was done waits for the database")


def made_by(result: object) -> list[str]:
    """The id in a result such as `{"id": ...}`."""
    found = result.get("id") if isinstance(result, dict) else None
    return [found[:200]] if isinstance(found, str) else []


def _ending(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = {"taskId": task.id, "status": task.status}
    if task.status != "success" and isinstance(task.result, dict):
        found["error"] = {name: task.result[name] for name in ("code", "xapi_code") if name in task.result}
    return found
