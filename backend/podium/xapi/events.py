"""`event.from` as batches, from the empty token on.

XAPI has no queue: a call answers with what changed after its token (PROTOCOL 3.1), so a token is all there is to
remember. The beginning of time is asked for in a few groups of classes rather than in one reply of 100 MB.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Final

import msgspec
import structlog

from podium.xapi.errors import XapiGarbage
from podium.xapi.records import RECORDS, Record
from podium.xapi.session import Session

log = structlog.get_logger(__name__)

POLL_S: Final = 5.0
"""How long a call waits for something to happen. Short, because it is also the proof of life of the pool."""
GRACE_S: Final = 4.0
"""So much longer than it should take, and the pool counts as silent."""
LEAST_S: Final = 0.005
"""Calls begin at least so far apart: XAPI gathers events for ten times as long, and what answers at once, with the same
or with nothing, must not keep us spinning."""
FETCH_S: Final = 120.0
"""The time limit of one group of the first fetch."""

NEWS_S: Final = 10.0

GROUPS: Final[tuple[tuple[str, ...], ...]] = (
    # messages first: a token taken without them would bring all of them again
    tuple(name for name in RECORDS if name not in {"vm", "vbd", "vdi", "vif", "vm_metrics", "vm_guest_metrics"}),
    ("vm",),
    ("vdi",),
    ("vbd",),
    ("vm_metrics", "vm_guest_metrics", "vif"),
)


class WireEvent(msgspec.Struct, gc=False, rename={"kind": "class"}):
    """One event as it comes. `snapshot` is absent on `del`."""

    kind: str
    operation: str
    ref: str
    snapshot: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Batch(msgspec.Struct, gc=False, rename={"counts": "valid_ref_counts"}):
    """One reply."""

    events: list[WireEvent]
    token: str
    counts: dict[str, int] = {}
    """How many objects of each class there are: what the deletions that XAPI forgot are found by."""

    def records(self) -> Iterator[tuple[str, str, Record | None]]:
        """(class in lower case, ref, record or None when it is gone), in the order they came.

        Each is decoded when it is taken. Most of it only repeats the record that it replaces, and is free again for the
        next one: a sixth of the time is saved by that. One that lies about its types is left out; it never costs the
        others.
        """
        unreadable: dict[str, list[str]] = {}
        for event in self.events:
            if event.kind not in _decoders:
                continue
            if event.operation == "del":
                yield event.kind, event.ref, None
            elif isinstance(event.snapshot, msgspec.Raw):
                try:
                    record = _record(event.kind, event.snapshot)
                except msgspec.ValidationError as error:
                    unreadable.setdefault(event.kind, []).append(f"{event.ref}: {error}"[:500])
                else:
                    yield event.kind, event.ref, record
        for kind, errors in unreadable.items():
            log.warning("records do not have the shape of their class", kind=kind, count=len(errors), first=errors[0])


_batch = msgspec.json.Decoder(Batch)
_decoders = {name: msgspec.json.Decoder(struct) for name, struct in RECORDS.items()}


async def everything(session: Session, take: Callable[[Batch], Awaitable[None]]) -> str:
    """Hand the whole pool to `take`, a group of classes at a time; the token to `follow`.

    A reply's token is the newest change among the classes asked for, so each group has its own. The newest of them is
    the one to follow, once every group was asked again for what changed since its own: whatever is older than that
    token happened before this second round began, and has been taken by its end.
    """
    tokens: list[str] = []
    ahead = asyncio.ensure_future(_call(session, GROUPS[0], "", 0.0, FETCH_S))
    try:
        for group in (*GROUPS[1:], ()):
            reply = await ahead
            if group:
                # one fetch ahead: the pool prepares the next group while this one is decoded
                ahead = asyncio.ensure_future(_call(session, group, "", 0.0, FETCH_S))
            tokens.append(reply.token)
            await take(reply)
    finally:
        ahead.cancel()
    if max(tokens) == tokens[0]:
        return tokens[0]
    again = [_call(session, group, token, 0.0, FETCH_S) for group, token in zip(GROUPS, tokens, strict=True)]
    for reply in await asyncio.gather(*again):
        await take(reply)
    return _newest(tokens)


def _newest(tokens: Sequence[str]) -> str:
    """The newest change of any group, and the newest message, which only the first group asked for."""
    newest, comma, _ = max(tokens).partition(",")
    _, _, message = tokens[0].partition(",")
    return f"{newest},{message}" if comma else newest


async def refetch(session: Session, kind: str) -> Batch:
    """All of one class again."""
    return await _call(session, (kind,), "", 0.0, FETCH_S)


async def news(session: Session, token: str) -> str:
    """The token that `follow`, being at `token`, will have reached with what has happened by now; `token` if nothing.

    A quiet reply's own token may be newer: it counts changes that nobody told, and `follow` would reach it later.
    """
    reply = await _call(session, tuple(RECORDS), token, 0.0, NEWS_S)
    return reply.token if reply.events else token


async def follow(session: Session, token: str, *, poll_s: float = POLL_S) -> AsyncIterator[Batch]:
    """Every change after `token`, for ever; an empty batch whenever `poll_s` passes quietly.

    Raises XapiError (SESSION_INVALID, EVENTS_LOST ...: begin again), XapiTransportError.
    """
    while True:
        began = time.monotonic()
        batch = await _call(session, tuple(RECORDS), token, poll_s, poll_s + GRACE_S)
        token = batch.token
        yield batch
        await asyncio.sleep(max(0.0, began + LEAST_S - time.monotonic()))


async def _call(session: Session, classes: Sequence[str], token: str, poll_s: float, limit_s: float) -> Batch:
    return await session.client.call_raw(
        "event.from", session.ref, classes, token, poll_s, timeout_s=limit_s, decode=_batch.decode
    )


def _record(kind: str, snapshot: msgspec.Raw) -> Record:
    """One typed record, taken leniently if need be. Raises ValidationError."""
    try:
        return _decoders[kind].decode(snapshot)
    except msgspec.ValidationError:
        return msgspec.convert(msgspec.json.decode(snapshot), RECORDS[kind], strict=False)
    except msgspec.DecodeError as error:
        raise XapiGarbage(f"event.from holds a {kind} that is not JSON") from error
