"""Thresholds of our own: the rules that raise alarms, where alarms are sent to, and what has been sent."""

from typing import Literal

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe, Resource, XoObject

RuleType = Literal["VM", "host", "SR", "pool"]
Comparison = Literal["above", "below"]
Severity = Literal["info", "warning", "critical"]
ChannelKind = Literal["webhook", "email"]
AlarmEvent = Literal["raised", "ended", "acknowledged"]
DeliveryState = Literal["queued", "sent", "failed"]
Language = Literal["en", "fr"]
MailSecurity = Literal["none", "starttls", "tls"]

SEVERITIES: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}


class AlarmRule(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "kind": "type",
        "duration_s": "durationS",
        "clear_duration_s": "clearDurationS",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    },
):
    """A threshold on a metric. It holds for every object of `kind` that `filter` selects ("": all of them).

    An alarm is raised when the value has been beyond `threshold` for `duration_s` seconds, and ends when it has been
    back at `clear` for `clear_duration_s` seconds. Values have the metric's unit; times are ms since 1970.
    """

    name: str
    kind: RuleType
    metric: str
    comparison: Comparison
    threshold: int | float
    clear: int | float
    duration_s: int
    clear_duration_s: int
    severity: Severity
    filter: str
    enabled: bool
    channels: tuple[str, ...]
    created_at: int
    updated_at: int


class WebhookSettings(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={
        "header_names": "headerNames",
        "has_secret": "hasSecret",
        "body_template": "bodyTemplate",
        "allow_unauthorized": "allowUnauthorized",
    },
):
    """Where a webhook goes. The values of its headers and its secret are never told.

    `body_template` "": the whole event as JSON.
    """

    url: str
    header_names: tuple[str, ...] = ()
    has_secret: bool = False
    body_template: str = ""
    allow_unauthorized: bool = False


class MailSettings(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={
        "has_password": "hasPassword",
        "sender": "from",
        "recipients": "to",
        "subject_template": "subjectTemplate",
        "body_template": "bodyTemplate",
        "allow_unauthorized": "allowUnauthorized",
    },
):
    """Where an e-mail goes. The password is never told. A template "": the one that Podium brings."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    recipients: tuple[str, ...]
    username: str = ""
    has_password: bool = False
    subject_template: str = ""
    body_template: str = ""
    allow_unauthorized: bool = False


class ChannelError(msgspec.Struct, frozen=True, gc=False):
    """Why the last message could not be sent. `time` is ms since 1970."""

    message: str
    time: int


class NotificationChannel(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "minimum_severity": "minimumSeverity",
        "pool_alarms": "poolAlarms",
        "last_error": "lastError",
        "last_sent_at": "lastSentAt",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    },
):
    """Somebody who is told of alarms: of the rules that name it, and with `pool_alarms` of those that pools raise.

    A pool's alarm counts as a warning, and has no end. There is either `webhook` or `email`, as `kind` says.
    `last_error` is there while the newest attempt has failed. Times are ms since 1970.
    """

    name: str
    kind: ChannelKind
    enabled: bool
    minimum_severity: Severity
    events: tuple[AlarmEvent, ...]
    pool_alarms: bool
    language: Language
    webhook: WebhookSettings | Maybe = UNSET
    email: MailSettings | Maybe = UNSET
    last_error: ChannelError | Maybe = UNSET
    last_sent_at: int | Maybe = UNSET
    created_at: int
    updated_at: int


class Notification(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "created_at": "createdAt",
        "next_attempt_at": "nextAttemptAt",
        "ended_at": "endedAt",
        "last_error": "lastError",
    },
):
    """One message to one channel. `alarm` is the first of the `count` alarms that it tells of.

    `channel` may be gone; `title` says what it is about, in the channel's language. `ended_at`: when it was sent, or
    given up. Times are ms since 1970.
    """

    channel: str
    alarm: str
    count: int
    event: AlarmEvent
    severity: Severity
    title: str
    state: DeliveryState
    attempts: int
    created_at: int
    next_attempt_at: int | Maybe = UNSET
    ended_at: int | Maybe = UNSET
    last_error: str | Maybe = UNSET


RESOURCES = (
    Resource(type="alarm-rule", collection="alarm-rules", struct=AlarmRule, privilege="alarm-rule", title="alarm rule"),
    Resource(
        type="notification-channel",
        collection="notification-channels",
        struct=NotificationChannel,
        privilege="notification-channel",
        title="notification channel",
    ),
    Resource(
        type="notification",
        collection="notifications",
        struct=Notification,
        privilege="notification",
        title="notification",
    ),
)
