"""The one place where requests become audit records: every write, sign-in and export, before it is answered."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import ClassVar, Final
from weakref import WeakSet

import msgspec
from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.api.audit_answers import is_json, json_of, now_ms, outcome_of, sent_to, signed_in
from podium.api.credentials import SAFE_METHODS, client_address, credentials
from podium.api.problems import problem_response
from podium.errors import AuditUnavailable, InvalidCredentials, OtpInvalid, OtpRequired, PodiumError, SignInRefused
from podium.services.audit.auditor import (
    API_CALL,
    CONSOLE_CLOSED,
    CONSOLE_OPENED,
    EXPORT,
    OTP_REQUIRED,
    SIGN_IN_FAILED,
    SIGNED_IN,
    SIGNED_OUT,
    VIEW_AS,
    Auditor,
    Call,
    Outcome,
    current_call,
)
from podium.services.auth import Password
from podium.services.sessions import Session

CHANGE_NOTHING: Final = frozenset({"AddSubscription", "RemoveSubscription", "Can"})
"""Operations with the method of a write that are none: what a stream is about, and questions."""
EXPORTS: Final = frozenset(
    {
        "ExportVm",
        "ExportVmSnapshot",
        "ExportVmTemplate",
        "ExportVdiContent",
        "ExportVdiSnapshotContent",
        "GetHostAudit",
        "GetHostLogs",
        "ExportAuditCsv",
        "ExportAuditNdjson",
    }
)
"""Reads by which much leaves the house."""
SIGN_IN: Final = "SignIn"
SIGN_OUT: Final = "SignOut"
OIDC_ARRIVAL: Final = "FinishOidcSignIn"
ALIAS: Final = "/rest/v0/users/me"
"""Leads to where it is done."""
COLLECTED: Final = 1024 * 1024
"""Of a body with JSON, in bytes."""
LOOKED_AT: Final = 64 * 1024
"""An answer's body is looked at (for an id, or an error's code) if it is no longer."""
VIEW_AS_EVERY_S: Final = 300.0
"""Looking through somebody else's eyes is one record in that time, not one a request."""

_KEY: Final = "podium.audit"
_FAILURES: Final = {
    InvalidCredentials.code: SIGN_IN_FAILED,
    OtpInvalid.code: SIGN_IN_FAILED,
    OtpRequired.code: OTP_REQUIRED,
}


class Auditing:
    """Pure ASGI. The innermost middleware: what it sees is what the routes were asked and have answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        auditor: Auditor | None = getattr(scope["app"].state, "auditor", None) if scope["type"] == "http" else None
        if auditor is None or not scope["path"].startswith("/rest/"):
            await self._app(scope, receive, send)
            return
        await _Exchange(scope, receive, send, auditor).run(self._app)


async def authenticated(request: Request, session: Session) -> None:
    """It is known who makes this request: from here on a write counts. Raises AuditUnavailable."""
    exchange: _Exchange | None = request.scope.get(_KEY)
    if exchange is not None:
        await exchange.authenticated(session)


@asynccontextmanager
async def console_open(socket: HTTPConnection, session: Session, vm_id: str) -> AsyncIterator[None]:
    """Somebody looks at a VM's screen, and types. Raises AuditUnavailable."""
    auditor: Auditor = socket.app.state.auditor
    subject, began = auditor.subject(session, client_address(socket)), now_ms()
    about = {"path": socket.url.path, "objects": [{"id": vm_id, "type": "VM"}]}
    await auditor.note(CONSOLE_OPENED, subject, about)
    try:
        yield
    finally:
        with suppress(AuditUnavailable):  # it is logged, and written later
            await auditor.note(CONSOLE_CLOSED, subject, {**about, "duration": now_ms() - began})


async def viewing_as(request: Request, user_id: str) -> None:
    """An administrator looks at things as another user sees them. Raises AuditUnavailable."""
    exchange: _Exchange | None = request.scope.get(_KEY)
    if exchange is not None:
        await exchange.viewing_as(user_id)


class _Exchange:
    """A request and its answer."""

    _known_passwords: ClassVar[WeakSet[Session]] = WeakSet()
    _looked: ClassVar[dict[tuple[str, str], float]] = {}

    def __init__(self, scope: Scope, receive: Receive, send: Send, auditor: Auditor) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._auditor = auditor
        self._headers = Headers(scope=scope)
        self._time_ms = now_ms()
        self._safe = scope["method"] in SAFE_METHODS
        self._collects = not self._safe and "json" in self._headers.get("content-type", "")
        self._received = bytearray()
        self._session: Session | None = None
        self._call: Call | None = None
        self._held: list[Message] = []
        self._passing = False
        self._refused = False

    async def run(self, app: ASGIApp) -> None:
        self._scope[_KEY] = self
        try:
            await app(self._scope, self._read, self._answer)
        except BaseException as error:  # also a cancellation: the record tells how far it came
            if self._call is not None and not self._call.answered:
                code = error.code if isinstance(error, PodiumError) else PodiumError.code
                outcome = Outcome(status=500, end_ms=now_ms(), error={"code": code, "name": type(error).__name__})
                await self._auditor.finish(self._call, outcome)
            raise

    async def authenticated(self, session: Session) -> None:
        self._session = session
        subject = self._auditor.subject(session, self._address)
        if session.token_id is None and session not in self._known_passwords:
            self._known_passwords.add(session)
            await self._auditor.note(SIGNED_IN, subject, {"how": "password"})
        if self._call is None and self._counts:
            self._call = self._call_by(session)
            current_call.set(self._call)
            await self._auditor.begin(self._call, announce=not self._safe)

    async def viewing_as(self, user_id: str) -> None:
        assert self._session is not None  # noqa: S101 -- nobody looks who has not signed in
        pair = (self._session.viewer.user_id, user_id)
        now = time.monotonic()
        if now - self._looked.get(pair, -VIEW_AS_EVERY_S) < VIEW_AS_EVERY_S:
            return
        if len(self._looked) > 1_000:
            self._looked.clear()
        self._looked[pair] = now
        subject = self._auditor.subject(self._session, self._address)
        await self._auditor.note(VIEW_AS, subject, {"as": user_id, "path": self._scope["path"]})

    @property
    def _counts(self) -> bool:
        """Whether the operation is one of those that leave a record."""
        if self._safe:
            return self._operation in EXPORTS
        is_alias = getattr(self._scope.get("route"), "path", "").startswith(ALIAS)
        return self._operation not in CHANGE_NOTHING and not is_alias

    async def _read(self) -> Message:
        message = await self._receive()
        if self._collects and message["type"] == "http.request":
            self._received += message.get("body", b"")
            if len(self._received) > COLLECTED:  # of a stream that only says that it is JSON
                self._collects = False
                self._received.clear()
        return message

    async def _answer(self, message: Message) -> None:
        """Holds the answer back until it is recorded; what needs no record passes."""
        if self._refused:
            return
        if self._passing:
            await self._send(message)
            return
        self._held.append(message)
        if message["type"] == "http.response.start":
            if self._call is None and self._is_dull(message):
                await self._pass_on()
            elif not is_json(message):
                await self._settle()
        elif not message.get("more_body", False) or sum(len(one.get("body", b"")) for one in self._held) > LOOKED_AT:
            await self._settle()

    def _is_dull(self, start: Message) -> bool:
        """Nothing to tell: no sign-in that succeeded or failed."""
        return start["status"] != 401 and not any(name.lower() == b"set-cookie" for name, _ in start["headers"])

    async def _settle(self) -> None:
        start = self._held[0]
        body = json_of(b"".join(one.get("body", b"") for one in self._held[1:]))
        call, operation = self._call, self._operation
        try:
            if claims := signed_in(start):
                subject = self._auditor.user(claims.get("sub", ""), self._address)
                subject = msgspec.structs.replace(subject, token_id=claims.get("jti", ""))
                await self._auditor.note(SIGNED_IN, subject, {"how": operation or ""})
            elif start["status"] == 401:
                await self._failed(body)
            elif operation == OIDC_ARRIVAL and sent_to(start).endswith(f"problem={SignInRefused.code}"):
                # a provider vouched for somebody; what it did not vouch for anybody may send, as often as he likes
                subject = self._auditor.subject(None, self._address)
                error = {"path": self._scope["path"], "error": {"code": SignInRefused.code}}
                await self._auditor.note(SIGN_IN_FAILED, subject, error)
        except AuditUnavailable as error:  # in the answer's place: nobody gets to see the token
            self._refused, self._held = True, []
            await problem_response(error)(self._scope, self._receive, self._send)
            return
        if call is not None:
            event = EXPORT if self._safe else SIGNED_OUT if operation == SIGN_OUT else API_CALL
            await self._auditor.finish(call, outcome_of(start["status"], body), event=event)
        await self._pass_on()

    async def _failed(self, body: object) -> None:
        """Somebody tried to sign in. A token that is not valid names nobody, and costs nothing to send: no record."""
        code = body.get("code") if isinstance(body, dict) else None
        event = _FAILURES.get(str(code))
        name = self._tried_name()
        if event is not None and name is not None:
            subject = msgspec.structs.replace(self._auditor.subject(None, self._address), user_name=name[:255])
            await self._auditor.note(event, subject, {"path": self._scope["path"], "error": {"code": code}})

    def _tried_name(self) -> str | None:
        if self._operation == SIGN_IN:
            body = json_of(bytes(self._received))
            name = body.get("username") if isinstance(body, dict) else None
            return name if isinstance(name, str) else None
        try:
            found = credentials(HTTPConnection(self._scope))
        except PodiumError:
            return None
        return found.name if isinstance(found, Password) else None

    async def _pass_on(self) -> None:
        self._passing = True
        held, self._held = self._held, []
        for message in held:
            await self._send(message)

    def _call_by(self, session: Session) -> Call:
        connection = HTTPConnection(self._scope)
        return Call(
            self._auditor.subject(session, self._address),
            method=self._scope["method"],
            path=self._scope["path"],
            operation=self._operation,
            time_ms=self._time_ms,
            query=dict(connection.query_params),
            params=dict(connection.path_params),
            body=json_of(bytes(self._received)),
        )

    @property
    def _operation(self) -> str | None:
        operation: str | None = getattr(self._scope.get("route"), "operation_id", None)
        return operation

    @property
    def _address(self) -> str:
        return client_address(HTTPConnection(self._scope))
