"""Notification channels: who is told of alarms, with secrets sealed, and how the last message fared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.notification import ChannelRow
from podium.errors import IncorrectState, InvalidParameters, NotFound
from podium.model.alarm import (
    SEVERITIES,
    AlarmEvent,
    ChannelError,
    ChannelKind,
    Language,
    MailSettings,
    NotificationChannel,
    Severity,
    WebhookSettings,
)
from podium.services.access import Viewer
from podium.services.alarms import channel_settings
from podium.services.alarms.messages import Secrets, check_templates
from podium.services.secrets import SecretBox

MOST: Final = 100
"""Channels. Each has a connection of its own while it sends."""
PRIVILEGE: Final = "notification-channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDraft:
    """What was sent of a channel; None: not sent. `webhook`, `email`: members as channel_settings.py names them."""

    name: str | None = None
    kind: ChannelKind | None = None
    enabled: bool | None = None
    minimum_severity: Severity | None = None
    events: tuple[AlarmEvent, ...] | None = None
    pool_alarms: bool | None = None
    language: Language | None = None
    webhook: dict[str, Any] | None = None
    email: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"ChannelDraft({self.name})"


class Channels:
    """Give it `users_of` (the names of the rules that tell a channel) with `use`, and whom to wake when one changes."""

    def __init__(self, database: Database, objects: Objects, box: SecretBox) -> None:
        self._database = database
        self._objects = objects
        self._box = box
        self._rows: dict[str, ChannelRow] = {}
        self._rules_of: Callable[[str], Sequence[str]] = lambda _: ()
        self._changed: Callable[[str], None] = lambda _: None

    def use(self, *, rules_of: Callable[[str], Sequence[str]], changed: Callable[[str], None]) -> None:
        self._rules_of = rules_of
        self._changed = changed

    async def load(self) -> None:
        """Show all channels in the cache. Once, at start."""
        async with self._database.read() as tx:
            self._rows = {row.id: row for row in await tx.scalars(select(ChannelRow))}
        self._objects.apply(None, [_channel(row) for row in self._rows.values()])

    def find(self, channel_id: str) -> NotificationChannel | None:
        entry = self._objects.of_type(PRIVILEGE).get(channel_id)
        found = None if entry is None else entry.object
        return found if isinstance(found, NotificationChannel) else None

    def get(self, channel_id: str) -> NotificationChannel:
        """Raises NotFound."""
        found = self.find(channel_id)
        if found is None:
            raise NotFound(PRIVILEGE, channel_id)
        return found

    def told_of(self, ids: Sequence[str], event: AlarmEvent, severity: Severity) -> list[NotificationChannel]:
        """Those of `ids` that want to know."""
        return _wanting([one for one in map(self.find, ids) if one is not None], event, severity)

    def told_of_pools(self, event: AlarmEvent, severity: Severity) -> list[NotificationChannel]:
        """Those that want to know of alarms that pools raise."""
        found = [one for one in map(self.find, self._rows) if one is not None and one.pool_alarms]
        return _wanting(found, event, severity)

    def secrets(self, channel_id: str) -> Secrets:
        """Raises NotFound, Unavailable when they cannot be read any more."""
        row = self._row(channel_id)
        return msgspec.json.decode(self._box.open(row.secrets, context=_context(row.id)), type=Secrets)

    async def create(self, draft: ChannelDraft, *, by: Viewer) -> str:
        """Its id. Raises MissingPrivileges, InvalidParameters."""
        by.require("create", PRIVILEGE)
        if len(self._rows) >= MOST:
            raise InvalidParameters(f"there can be at most {MOST} notification channels")
        if not draft.name or draft.kind is None:
            raise InvalidParameters("a channel needs a name and a kind")
        settings, secrets = _settings(draft.kind, draft, None, Secrets())
        now = datetime.now(UTC)
        channel_id = str(uuid4())
        row = ChannelRow(
            id=channel_id,
            name=draft.name,
            kind=draft.kind,
            enabled=draft.enabled is not False,
            minimum_severity=draft.minimum_severity or "info",
            events=list(draft.events or ("raised", "ended")),
            pool_alarms=bool(draft.pool_alarms),
            language=draft.language or "en",
            settings=channel_settings.write(settings),
            secrets=self._sealed(channel_id, secrets),
            created=now,
            updated=now,
        )
        check_templates(_channel(row))
        async with self._database.begin() as tx:
            tx.add(row)
        self._show(row)
        return channel_id

    async def change(self, channel_id: str, draft: ChannelDraft, *, by: Viewer) -> None:
        """What is sent is laid over what is there. Raises MissingPrivileges, NotFound, InvalidParameters."""
        by.require("update", PRIVILEGE)
        old = self._row(channel_id)
        values: dict[str, Any] = {
            name: getattr(draft, name)
            for name in ("name", "enabled", "minimum_severity", "pool_alarms", "language")
            if getattr(draft, name) is not None
        }
        if draft.events is not None:
            values["events"] = list(draft.events)
        if draft.kind is not None and draft.kind != old.kind:
            raise InvalidParameters("a channel stays a webhook, or e-mail: make another one")
        if draft.webhook is not None or draft.email is not None:
            kind: ChannelKind = "webhook" if old.kind == "webhook" else "email"
            stored = channel_settings.read(kind, old.settings)
            settings, secrets = _settings(kind, draft, stored, self.secrets(channel_id))
            values["settings"] = channel_settings.write(settings)
            values["secrets"] = self._sealed(channel_id, secrets)
        values["updated"] = datetime.now(UTC)
        check_templates(_channel(_with(old, values)))
        async with self._database.begin() as tx:
            row = await tx.get(ChannelRow, channel_id)
            if row is None:
                raise NotFound(PRIVILEGE, channel_id)
            for name, value in values.items():
                setattr(row, name, value)
        self._show(row)
        self._changed(channel_id)

    async def delete(self, channel_id: str, *, by: Viewer) -> None:
        """Raises MissingPrivileges, NotFound, IncorrectState while a rule tells it."""
        by.require("delete", PRIVILEGE)
        self._row(channel_id)
        if rules := self._rules_of(channel_id):
            raise IncorrectState(f"the channel is still told by {', '.join(rules[:5])}: take it out of there first")
        async with self._database.begin() as tx:
            await tx.execute(delete(ChannelRow).where(ChannelRow.id == channel_id))
        del self._rows[channel_id]
        self._objects.discard(PRIVILEGE, channel_id)
        self._changed(channel_id)

    async def fared(
        self, tx: AsyncSession, channel_id: str, *, sent_ms: int | None, error: str | None, at: int
    ) -> None:
        """Write down how the newest message fared; `refresh` when it is committed."""
        values: dict[str, Any] = {"last_error": error, "last_error_ms": None if error is None else at}
        if sent_ms is not None:
            values["last_sent_ms"] = sent_ms
        await tx.execute(
            update(ChannelRow)
            .where(ChannelRow.id == channel_id)
            .values(values)
            .execution_options(synchronize_session=False)
        )

    async def refresh(self, channel_id: str) -> None:
        """Show what the database says of a channel."""
        async with self._database.read() as tx:
            row = await tx.get(ChannelRow, channel_id)
        if row is not None and channel_id in self._rows:
            self._show(row)

    def _row(self, channel_id: str) -> ChannelRow:
        row = self._rows.get(channel_id)
        if row is None:
            raise NotFound(PRIVILEGE, channel_id)
        return row

    def _show(self, row: ChannelRow) -> None:
        self._rows[row.id] = row
        self._objects.put(_channel(row))

    def _sealed(self, channel_id: str, secrets: Secrets) -> bytes:
        return self._box.seal(msgspec.json.encode(secrets).decode(), context=_context(channel_id))


def _wanting(
    channels: Sequence[NotificationChannel], event: AlarmEvent, severity: Severity
) -> list[NotificationChannel]:
    return [
        one
        for one in channels
        if one.enabled and event in one.events and SEVERITIES[severity] >= SEVERITIES[one.minimum_severity]
    ]


def _settings(
    kind: ChannelKind, draft: ChannelDraft, stored: WebhookSettings | MailSettings | None, secrets: Secrets
) -> tuple[WebhookSettings | MailSettings, Secrets]:
    other = draft.email if kind == "webhook" else draft.webhook
    if other is not None:
        raise InvalidParameters(f"a channel of the kind {kind} has only the settings of that kind")
    if kind == "webhook":
        return channel_settings.webhook(
            draft.webhook or {}, stored if isinstance(stored, WebhookSettings) else None, secrets
        )
    return channel_settings.mail(draft.email or {}, stored if isinstance(stored, MailSettings) else None, secrets)


def _channel(row: ChannelRow) -> NotificationChannel:
    """As clients see it."""
    settings = channel_settings.read("webhook" if row.kind == "webhook" else "email", row.settings)
    shown = {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "enabled": row.enabled,
        "minimumSeverity": row.minimum_severity,
        "events": row.events,
        "poolAlarms": row.pool_alarms,
        "language": row.language,
        row.kind: settings,
        "createdAt": int(row.created.timestamp() * 1000),
        "updatedAt": int(row.updated.timestamp() * 1000),
    }
    if row.last_sent_ms is not None:
        shown["lastSentAt"] = row.last_sent_ms
    if row.last_error is not None and row.last_error_ms is not None:
        shown["lastError"] = ChannelError(row.last_error, row.last_error_ms)
    return msgspec.convert(shown, NotificationChannel)


def _with(row: ChannelRow, values: dict[str, Any]) -> ChannelRow:
    """A row as it would be; not of any session."""
    columns = {column.key: getattr(row, column.key) for column in ChannelRow.__table__.columns}
    return ChannelRow(**{**columns, **values})


def _context(channel_id: str) -> str:
    return f"notification-channel:{channel_id}:secrets"
