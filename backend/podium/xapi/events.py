"""`event.from` as batches: from the empty token on, typed, and never holding the event loop for long.

XAPI has no queue: a call answers with what changed after its token (PROTOCOL 3.1), so a token is all there is to
remember. The beginning of time is asked for in a few groups of classes rather than in one reply of 100 MB: the token of
the first, taken before the others, is the one to follow, and what changed meanwhile simply comes again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
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
FETCH_S: Final = 120.0
"""The time limit of one group of the first fetch."""
SLICE: Final = 500
"""Records decoded between two breaths of the event loop."""

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


class _Batch(msgspec.Struct, gc=False):
    events: list[WireEvent]
    token: str
    valid_ref_counts: dict[str, int] = {}


class Batch(msgspec.Struct, gc=False):
    """One reply. `records`: (class in lower case, ref, record or None when it is gone), in the order they came."""

    records: list[tuple[str, str, Record | None]]
    counts: dict[str, int]
    """How many objects of each class there are: what the deletions that XAPI forgot are found by."""
    token: str


_batch = msgspec.json.Decoder(_Batch)
_decoders = {name: msgspec.json.Decoder(struct) for name, struct in RECORDS.items()}


async def everything(session: Session) -> AsyncIterator[Batch]:
    """The whole pool, a group of classes at a time; the first batch's token is the one to `follow`."""
    fetches = [asyncio.ensure_future(_call(session, GROUPS[0], "", 0.0, FETCH_S))]
    try:
        first = await fetches[0]
        # one fetch ahead: the pool prepares the next group while this one is decoded
        for group in GROUPS[1:]:
            fetches.append(asyncio.ensure_future(_call(session, group, "", 0.0, FETCH_S)))
            yield await _typed(first)
            first = await fetches[-1]
        yield await _typed(first)
    finally:
        for fetch in fetches:
            fetch.cancel()


async def refetch(session: Session, kind: str) -> Batch:
    """All of one class again."""
    return await _typed(await _call(session, (kind,), "", 0.0, FETCH_S))


async def follow(session: Session, token: str, *, poll_s: float = POLL_S) -> AsyncIterator[Batch]:
    """Every change after `token`, for ever; an empty batch whenever `poll_s` passes quietly.

    Raises XapiError (SESSION_INVALID, EVENTS_LOST ...: begin again), XapiTransportError.
    """
    while True:
        batch = await _typed(await _call(session, tuple(RECORDS), token, poll_s, poll_s + GRACE_S))
        token = batch.token
        yield batch


async def _call(session: Session, classes: Sequence[str], token: str, poll_s: float, limit_s: float) -> _Batch:
    return await session.client.call_raw(
        "event.from", session.ref, classes, token, poll_s, timeout_s=limit_s, decode=_batch.decode
    )


async def _typed(batch: _Batch) -> Batch:
    records: list[tuple[str, str, Record | None]] = []
    for number, event in enumerate(batch.events):
        if number % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        if event.kind not in _decoders:
            continue
        if event.operation == "del":
            records.append((event.kind, event.ref, None))
        elif isinstance(event.snapshot, msgspec.Raw):
            record = _record(event.kind, event.ref, event.snapshot)
            if record is not None:
                records.append((event.kind, event.ref, record))
    return Batch(records, batch.valid_ref_counts, batch.token)


def _record(kind: str, ref: str, snapshot: msgspec.Raw) -> Record | None:
    """One typed record. One that lies about its types is taken leniently, or left out; it never costs the others."""
    try:
        return _decoders[kind].decode(snapshot)
    except msgspec.ValidationError:
        try:
            return msgspec.convert(msgspec.json.decode(snapshot), RECORDS[kind], strict=False)
        except msgspec.ValidationError as error:
            log.warning("a record does not have the shape of its class", kind=kind, ref=ref, error=str(error))
            return None
    except msgspec.DecodeError as error:
        raise XapiGarbage(f"event.from holds a {kind} that is not JSON") from error
