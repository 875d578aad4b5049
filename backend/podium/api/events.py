"""Server-Sent Events: `GET /events`, with its subscriptions in the URL, or added by POST as Xen Orchestra does it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Final, Literal

import anyio
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse

from podium.api.deps import CurrentSession
from podium.api.inputs import Body
from podium.api.problems import responses
from podium.cache.filter import parse_filter
from podium.errors import CrossSite, FilterSyntax, InvalidParameters, NotFound, Unavailable
from podium.model.registry import BY_TYPE
from podium.services.access import Viewer
from podium.services.measures.live import LiveMetrics, Wanted, check
from podium.services.sessions import Session
from podium.stream.channel import Channel, Selection
from podium.stream.channels import Channels
from podium.stream.connection import Connection, Subscription
from podium.stream.connections import Connections

router = APIRouter(prefix="/rest/v0/events", tags=["events"])

MOST_SUBSCRIPTIONS: Final = 100
"""On one connection."""
MOST_SEARCHES: Final = 100
"""Bare words and regular expressions, in the filters of one connection on one type."""
FAREWELL_S: Final = 1.0
"""How long a stream may take to say goodbye when the service stops."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Name], Field(max_length=200)]


class SubscriptionBody(Body):
    """What to subscribe to. `collection` and `fields` are Xen Orchestra's; the rest is ours and optional."""

    collection: Annotated[
        str,
        Field(
            description="a type of object: VM, host, pool ...", max_length=50, json_schema_extra={"enum": list(BY_TYPE)}
        ),
    ]
    fields: Literal["*"] | Names = "*"
    name: Annotated[Name | None, Field(description="`$subscription` of its frames; the collection by default")] = None
    filter: Annotated[str, Field(description="only objects that match", max_length=10_000)] = ""
    patch: Annotated[bool, Field(description="send RFC 7386 merge patches instead of whole objects")] = False
    snapshot: Annotated[bool, Field(description="send what there is first")] = False
    metrics: Annotated[
        Names | None,
        Field(description="follow the newest values of these metrics (`GET /metrics`) instead of the objects"),
    ] = None
    ids: Annotated[list[Name] | None, Field(description="with `metrics`: only of these objects", max_length=2_000)] = (
        None
    )
    since: Annotated[
        str | None,
        Field(description="the last frame id seen of this subscription: send what changed since", max_length=100),
    ] = None


class Subscribed(BaseModel):
    """The subscription's name."""

    id: str


class StreamParams(BaseModel):
    """What to subscribe to at once. Parameters that are not known are ignored."""

    collections: Annotated[
        str, Field(description="types to subscribe to at once, comma-separated", examples=["VM,host"], max_length=2_000)
    ] = ""
    fields: Annotated[
        str | None,
        Field(description="fields of every type; `fields.<type>=` overrides it for one", max_length=10_000),
    ] = None
    filter: Annotated[str, Field(description="only objects that match", max_length=10_000)] = ""
    patch: Annotated[bool, Field(description="merge patches (RFC 7386) instead of whole objects")] = False
    snapshot: Annotated[bool, Field(description="begin with what there is")] = True
    metrics: Annotated[
        str,
        Field(
            description="metrics to follow, by type; their frames are `event: metrics`",
            examples=["VM:cpu,memoryUsed;host:cpu"],
            max_length=2_000,
        ),
    ] = ""
    last_event_id: Annotated[
        str | None,
        Field(
            alias="lastEventId", description="resume after this frame; like the header Last-Event-ID", max_length=100
        ),
    ] = None


@router.get(
    "",
    operation_id="OpenSseConnection",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "An endless stream of frames",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **responses(FilterSyntax, Unavailable),
    },
    openapi_extra={"x-mcp-exposure": "deny"},  # a language model's tool would wait for the end
)
async def events(
    request: Request,
    session: CurrentSession,
    params: Annotated[StreamParams, Query()],
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> Response:
    """Open a stream. Without `collections` it is Xen Orchestra's: silent until subscriptions are POSTed to it."""
    channels: Channels = request.app.state.channels
    connections: Connections = request.app.state.connections
    wanted = [
        _channel(
            channels,
            session.viewer,
            name=kind,
            kind=kind,
            fields=_names(request.query_params.get(f"fields.{kind}", params.fields)),
            text=params.filter,
            patch=params.patch,
            xo=False,
        )
        for kind in dict.fromkeys(split(params.collections))
    ]
    measured = [_wanted(part, params.filter) for part in params.metrics.split(";") if part.strip()]
    last_seen = last_event_id or params.last_event_id
    since = _known(connections.position(last_seen), session.viewer)
    connection = connections.open(session.viewer.user_id, last_event_id=last_seen)
    for channel in wanted:
        quiet = since is None and not params.snapshot
        if quiet:
            await channel.view.warm(channel.selection.type)
        connection.subscribe(Subscription(channel, since, quiet=quiet, renew=_renewing(channels, channel, session)))
    for wanted_metrics in measured:
        _feed(request, connection, wanted_metrics, session.viewer)
    return EventSourceResponse(
        _frames(connection, connections, session),
        ping=0,  # the connection has its own
        sep="\n",
        headers={"Cache-Control": "no-cache, no-transform"},
        shutdown_event=anyio.Event(),
        shutdown_grace_period=FAREWELL_S,
    )


@router.post(
    "/{connection_id}/subscriptions",
    operation_id="AddSubscription",
    status_code=201,
    responses=responses(CrossSite, NotFound, FilterSyntax),
)
async def subscribe(
    request: Request, session: CurrentSession, connection_id: str, body: SubscriptionBody
) -> Subscribed:
    """Add a subscription to an open stream, or replace the one of the same name."""
    connections: Connections = request.app.state.connections
    connection = connections.get(connection_id, session.viewer.user_id)
    if connection.subscriptions >= MOST_SUBSCRIPTIONS:
        raise InvalidParameters(f"one connection takes {MOST_SUBSCRIPTIONS} subscriptions")
    if body.metrics is not None:
        wanted = Wanted(
            name=body.name or f"{body.collection}-metrics",
            kind=body.collection,
            metrics=check(body.collection, body.metrics),
            ids=None if body.ids is None else frozenset(body.ids),
            selected=parse_filter(body.filter) if body.filter.strip() else None,
        )
        _feed(request, connection, wanted, session.viewer)
        return Subscribed(id=wanted.name)
    ours = bool(body.snapshot or body.since or body.patch or body.name or body.filter)
    channel = _channel(
        request.app.state.channels,
        session.viewer,
        name=body.name or body.collection,
        kind=body.collection,
        fields=None if body.fields == "*" else tuple(body.fields),
        text=body.filter,
        patch=body.patch,
        xo=not ours,
    )
    if connection.searches(body.collection) + channel.searches > MOST_SEARCHES:
        raise InvalidParameters(
            f"the filters of one connection on {body.collection} have at most {MOST_SEARCHES} bare words and regular "
            "expressions: name the property to look at, like name_label:|(a b)"
        )
    since = _known(connections.position(body.since), session.viewer)
    quiet = not body.snapshot and since is None
    if quiet:
        await channel.view.warm(channel.selection.type)
    connection.subscribe(
        Subscription(channel, since, quiet=quiet, renew=_renewing(request.app.state.channels, channel, session))
    )
    return Subscribed(id=channel.selection.name)


@router.delete(
    "/{connection_id}/subscriptions/{subscription_id}",
    operation_id="RemoveSubscription",
    status_code=204,
    responses=responses(CrossSite, NotFound),
)
async def unsubscribe(request: Request, session: CurrentSession, connection_id: str, subscription_id: str) -> None:
    """Remove a subscription by its name. As in Xen Orchestra, what is not there is removed already."""
    connections: Connections = request.app.state.connections
    connections.get(connection_id, session.viewer.user_id).unsubscribe(subscription_id)


def _feed(request: Request, connection: Connection, wanted: Wanted, viewer: Viewer) -> None:
    live: LiveMetrics = request.app.state.live_metrics
    connection.feed(live.feed(wanted, viewer, connection.wake))


def _wanted(text: str, selected: str) -> Wanted:
    """`VM:cpu,memoryUsed`."""
    kind, _, names = text.strip().partition(":")
    metrics = check(kind, split(names))
    return Wanted(
        name=f"{kind}-metrics",
        kind=kind,
        metrics=metrics,
        selected=parse_filter(selected) if selected.strip() else None,
    )


def _channel(
    channels: Channels,
    viewer: Viewer,
    *,
    name: str,
    kind: str,
    fields: tuple[str, ...] | None,
    text: str,
    patch: bool,
    xo: bool,
) -> Channel:
    if kind not in BY_TYPE:
        raise InvalidParameters(f"there is no collection {kind!r}: {', '.join(BY_TYPE)}")
    key, view = viewer.view(kind)
    return channels.get(Selection(name=name, type=kind, filter=text, fields=fields, patch=patch, xo=xo, view=key), view)


def _renewing(channels: Channels, channel: Channel, session: Session) -> Callable[[], Channel]:
    """Subscriptions live as long as the connection does, and follow the rights of its viewer."""
    return channels.renewing(channel, partial(session.viewer.view, channel.selection.type))


def _known(since: int | None, viewer: Viewer) -> int | None:
    """Where to resume. What somebody saw with other rights is nothing to go on from: he begins anew."""
    return None if since is not None and since < viewer.changed_at else since


async def _frames(connection: Connection, connections: Connections, session: Session) -> AsyncIterator[bytes]:
    """The connection's frames for as long as its token is good."""
    watch = asyncio.create_task(_end_with(session, connection))
    try:
        with connections.running(connection):
            async for chunk in connection.frames():
                yield chunk
    finally:
        watch.cancel()


async def _end_with(session: Session, connection: Connection) -> None:
    await session.over()
    connection.end("token-ended")


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None or text.strip() == "*":
        return None
    return tuple(dict.fromkeys(split(text)))


def split(text: str) -> list[str]:
    """The non-empty parts of a comma-separated list."""
    return [part for part in (one.strip() for one in text.split(",")) if part]
