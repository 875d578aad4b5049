"""Notification channels over HTTP: who is told of alarms. Their lists are collections.py's."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, Name, ObjectId, Secret, storable
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.errors import CrossSite, IncorrectState, MissingPrivileges, NotFound, Unavailable
from podium.model.alarm import AlarmEvent, ChannelKind, Language, MailSecurity, Severity
from podium.services.alarms.channels import ChannelDraft, Channels
from podium.services.alarms.notifications import Notifications
from podium.services.alarms.templates import MAX_LENGTH

router = APIRouter(prefix="/rest/v0/notification-channels", tags=["notification-channels"])

Template = Annotated[
    str,
    Field(max_length=MAX_LENGTH, description="Jinja: names, conditions, loops, some filters; empty: the usual text"),
    AfterValidator(storable),
]
Hidden = Annotated[Secret, Field(max_length=4096, json_schema_extra={"writeOnly": True})]
Mailbox = Annotated[Line, Field(max_length=320, examples=["ops@example.org"])]
Events = Annotated[list[AlarmEvent], Field(min_length=1, max_length=3)]


class WebhookBody(Body):
    """`secret` signs: `X-Podium-Signature` is `sha256=` and the HMAC-SHA256 of `<X-Podium-Timestamp>.<body>` in hex.

    What is left out stays as it is; null takes it away. The values of headers, and the secret, are never shown again.
    """

    url: Annotated[Line | None, Field(max_length=2048, examples=["https://example.org/hook"])] = None
    headers: Annotated[dict[Annotated[Line, Field(max_length=100)], Hidden] | None, Field(max_length=20)] = None
    secret: Hidden | None = None
    body_template: Annotated[Template | None, Field(alias="bodyTemplate")] = None
    allow_unauthorized: Annotated[
        bool | None, Field(alias="allowUnauthorized", description="take any TLS certificate")
    ] = None


class MailBody(Body):
    """`port` without a value: 25, 587 (starttls) or 465 (tls). What is left out stays; null takes it away."""

    host: Annotated[Line | None, Field(max_length=255, examples=["mail.example.org"])] = None
    port: Annotated[int | None, Field(ge=1, le=65535)] = None
    security: MailSecurity | None = None
    username: Annotated[Line | None, Field(max_length=255)] = None
    password: Hidden | None = None
    sender: Annotated[Mailbox | None, Field(alias="from")] = None
    recipients: Annotated[list[Mailbox] | None, Field(alias="to", max_length=50)] = None
    subject_template: Annotated[Template | None, Field(alias="subjectTemplate")] = None
    body_template: Annotated[Template | None, Field(alias="bodyTemplate")] = None
    allow_unauthorized: Annotated[
        bool | None, Field(alias="allowUnauthorized", description="take any TLS certificate")
    ] = None


class ChannelBody(Body):
    """`webhook` or `email`, as the kind says."""

    enabled: bool | None = None
    minimum_severity: Annotated[Severity | None, Field(alias="minimumSeverity", description="info without it")] = None
    events: Annotated[Events | None, Field(description="raised and ended without it")] = None
    pool_alarms: Annotated[
        bool | None, Field(alias="poolAlarms", description="tell also of the alarms that pools raise by themselves")
    ] = None
    language: Annotated[Language | None, Field(description="of the texts; en without it")] = None
    webhook: WebhookBody | None = None
    email: MailBody | None = None

    def values(self) -> dict[str, Any]:
        """For a ChannelDraft."""
        given: dict[str, Any] = self.model_dump(exclude_unset=True)
        if given.get("events") is not None:
            given["events"] = tuple(dict.fromkeys(given["events"]))
        return given


class NewNotificationChannel(ChannelBody):
    name: Name
    kind: ChannelKind


class NotificationChannelPatch(ChannelBody):
    """What is left out stays."""

    name: Name | None = None


@router.post(
    "",
    operation_id="CreateNotificationChannel",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def create_notification_channel(
    request: Request, response: Response, body: NewNotificationChannel, viewer: CurrentViewer
) -> Created:
    """Make a channel. Nothing is sent yet: rules name their channels, and `actions/test` tries one out."""
    channels: Channels = request.app.state.channels_of_notifications
    channel_id = await channels.create(ChannelDraft(**body.values()), by=viewer)
    response.headers["location"] = f"/rest/v0/notification-channels/{channel_id}"
    return Created(id=channel_id)


@router.patch(
    "/{channel_id}",
    operation_id="UpdateNotificationChannel",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, Unavailable),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def update_notification_channel(
    request: Request, channel_id: ObjectId, body: NotificationChannelPatch, viewer: CurrentViewer
) -> None:
    """Change a channel. What waits to be sent through it is tried at once."""
    channels: Channels = request.app.state.channels_of_notifications
    await channels.change(channel_id, ChannelDraft(**body.values()), by=viewer)


@router.delete(
    "/{channel_id}",
    operation_id="DeleteNotificationChannel",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, IncorrectState),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def delete_notification_channel(request: Request, channel_id: ObjectId, viewer: CurrentViewer) -> None:
    """Delete a channel that no rule names any more. What waits to be sent through it fails."""
    channels: Channels = request.app.state.channels_of_notifications
    await channels.delete(channel_id, by=viewer)


@router.post(
    "/{channel_id}/actions/test",
    operation_id="TestNotificationChannel",
    responses={
        200: {
            "description": "What the other side said, or why there is no answer",
            "content": {"application/json": {"schema": reference("Tried")}},
        },
        **responses(CrossSite, MissingPrivileges, NotFound, Unavailable),
    },
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def test_notification_channel(request: Request, channel_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Send a test message now, also through a channel that is switched off."""
    notifications: Notifications = request.app.state.notifications
    tried = await notifications.try_out(channel_id, by=viewer)
    return Response(msgspec.json.encode(tried), media_type="application/json")
