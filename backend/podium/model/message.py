"""Messages of a pool, and the alarms among them."""

import re
from math import isfinite
from typing import Literal

import msgspec
from msgspec import UNSET

from podium.model import host, pool, sr, vdi, vm
from podium.model.alarm import Severity
from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.dates import timestamp
from podium.model.identity import object_id
from podium.xapi.records import HostRecord, MessageRecord, PoolRecord, Record, Ref, SRRecord, VDIRecord, VMRecord

ALARMS = frozenset({"ALARM", "BOND_STATUS_CHANGED", "MULTIPATH_PERIODIC_ALERT"})
"""The names of messages that are alarms and never show up as messages."""

AlarmState = Literal["raised", "ended"]


class Message(PoolObject, frozen=True, kw_only=True, gc=False, rename={"object": "$object"}):
    """What a pool wrote into its log. `object` is the uuid of what it is about (perhaps gone); `time` is seconds."""

    type: Literal["message"] = "message"
    name: str
    body: str
    object: str
    time: int | None


class AlarmBody(msgspec.Struct, frozen=True, gc=False):
    """What was measured (`name`, e.g. cpu_usage) and how much: percent with one decimal, or NaN or Infinity."""

    name: str
    value: str | Maybe = UNSET


class AlarmObject(msgspec.Struct, frozen=True, gc=False):
    """What the alarm is about; type "unknown" and no `href` when it is gone."""

    type: str
    uuid: str
    href: str | Maybe = UNSET


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """Who has seen an alarm: `by` is the id of a user, `at` is ms since 1970."""

    by: str
    at: int
    note: str | Maybe = UNSET


class Alarm(PoolObject, frozen=True, kw_only=True, gc=False, rename={"ended_at": "endedAt"}):
    """Something that wants attention. `time` is in milliseconds, unlike a message's.

    What can be left out is ours. Alarms of a rule of ours have `rule`, `severity`, `state`, `text` (a sentence), and
    `ended_at` (ms) when they have ended; theirs is no XAPI record, so `xapi_ref` is "".
    """

    type: Literal["message"] = "message"
    name: str
    body: AlarmBody
    object: AlarmObject
    time: int | None
    severity: Severity | Maybe = UNSET
    rule: str | Maybe = UNSET
    state: AlarmState | Maybe = UNSET
    ended_at: int | Maybe = UNSET
    text: str | Maybe = UNSET
    acknowledged: Acknowledged | Maybe = UNSET

    @property
    def is_own(self) -> bool:
        """Whether a rule of ours raised it, and no pool."""
        return self.rule is not UNSET


RESOURCES = (
    Resource(type="message", collection="messages", struct=Message, privilege="message", title="message"),
    Resource(type="alarm", collection="alarms", struct=Alarm, privilege="alarm", title="alarm", json_type="message"),
)


def message(ref: Ref, record: MessageRecord, look: Lookup) -> Message | Alarm:
    """A message record as message or, by its name, as alarm."""
    time = timestamp(record.timestamp)
    if record.name in ALARMS:
        return Alarm(
            id=object_id(ref, record, look.pool_id),
            uuid=record.uuid,
            pool=look.pool_id,
            pool_id=look.pool_id,
            xapi_ref=ref,
            name=record.name,
            body=alarm_body(record.body),
            object=_alarm_object(record, look),
            time=None if time is None else time * 1000,
        )
    return Message(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name=record.name,
        body=record.body,
        object=record.obj_uuid,
        time=time,
    )


_BODY = re.compile(r'\s*value:\s*(\S+)\s+config:\s*(?:<[^>]*>\s*)*?<variable>\s*<name value="([^"]*)"')


def alarm_body(text: str) -> AlarmBody:
    """From the body that XenServer's perfmon writes; other bodies are shown whole, as the name."""
    match = _BODY.match(text)
    if match is None:
        return AlarmBody(text)
    try:
        value = float(match[1])
    except ValueError:
        return AlarmBody(match[2])
    return AlarmBody(match[2], f"{value * 100:.1f}" if isfinite(value * 100) else match[1])


_CLASSES: dict[str, type[Record]] = {
    "vm": VMRecord,
    "host": HostRecord,
    "sr": SRRecord,
    "pool": PoolRecord,
    "vdi": VDIRecord,
}
_COLLECTIONS = {
    resource.type: resource.collection
    for resource in (*vm.RESOURCES, *host.RESOURCES, *sr.RESOURCES, *pool.RESOURCES, *vdi.RESOURCES)
}


def _alarm_object(record: MessageRecord, look: Lookup) -> AlarmObject:
    kind = _CLASSES.get(record.cls.lower())
    ref = look.find(kind, record.obj_uuid) if kind is not None else None
    found = look.link(ref) if ref is not None else UNSET
    if kind is None or ref is None or found is UNSET:
        return AlarmObject("unknown", record.obj_uuid)
    name = _type(kind, ref, look)
    return AlarmObject(name, record.obj_uuid, f"/rest/v0/{_COLLECTIONS[name]}/{found}")


def _type(kind: type[Record], ref: Ref, look: Lookup) -> str:
    if kind is VMRecord:
        flags = look.fact(VMRecord, ref, vm.flags)
        return "VM" if flags is None else vm.type_of(flags, look)
    if kind is VDIRecord:
        marks = look.fact(VDIRecord, ref, vdi.flags)
        return "VDI" if marks is None else vdi.type_of(marks, look)
    return _PLAIN[kind]


_PLAIN: dict[type[Record], str] = {HostRecord: "host", SRRecord: "SR", PoolRecord: "pool"}
