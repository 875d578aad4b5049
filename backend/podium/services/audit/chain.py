"""The chain: a record's canonical form, its hash, and what is wrong with records that do not belong together."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from podium.model.audit import FIRST, AuditRecord, AuditSubject

PRUNED: Final = "auditPruned"
"""The event that says up to which record the oldest were removed on purpose."""

_ID: Final = re.compile(r"[0-9a-f]{64}")
_canonical: Final = msgspec.json.Encoder(order="sorted")


class Stored(NamedTuple):
    """A row of the table."""

    seq: int
    id: str
    time_ms: int
    event: str
    body: bytes


class Content(msgspec.Struct, frozen=True, kw_only=True, rename={"previous_id": "previousId"}):
    """A record without its id."""

    previous_id: str
    time: int
    event: str
    subject: AuditSubject
    data: dict[str, Any]


class Fault(NamedTuple):
    """What is wrong, and with which record. `seq` counts from the first record ever."""

    kind: str
    seq: int
    id: str
    text: str


class Pruned(NamedTuple):
    """The last of the records that were removed on purpose."""

    seq: int
    id: str


_content: Final = msgspec.json.Decoder(Content)


def sealed(content: Content) -> tuple[str, bytes]:
    """The record's id and its canonical JSON: members by name, no white space, UTF-8."""
    body = _canonical.encode(content)
    return digest(body), body


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def record_of(row: Stored) -> AuditRecord:
    """A stored record as clients see it. Raises msgspec.DecodeError when it was made unreadable."""
    content = _content.decode(row.body)
    return AuditRecord(
        id=row.id,
        previous_id=content.previous_id,
        time=content.time,
        event=content.event,
        subject=content.subject,
        data=content.data,
    )


class Chain:
    """Checks records as they come, oldest first."""

    def __init__(self) -> None:
        self.checked = 0
        self.faults: list[Fault] = []
        self.first: Stored | None = None
        self.last: Stored | None = None
        self._first_previous = FIRST
        self._pruned: list[Pruned] = []

    def take(self, rows: Iterable[Stored]) -> None:
        for row in rows:
            self._take(row)

    def end(self, *, partial: bool = False) -> None:
        """All rows were taken. `partial`: they began in the middle, and what is before the first does not matter."""
        first = self.first
        if first is None or partial:
            return
        if first.seq == 1:
            if self._first_previous != FIRST:
                self._fault("broken", first, "is the first record, but says that it follows another")
            return
        if Pruned(first.seq - 1, self._first_previous) not in self._pruned:
            missing = "1" if first.seq == 2 else f"1 to {first.seq - 1}"
            self._fault("missing", first, f"is the oldest record left, and nothing tells of the removal of {missing}")

    def _take(self, row: Stored) -> None:
        self.checked += 1
        last, self.last = self.last, row
        try:
            content = _content.decode(row.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._fault("changed", row, "cannot be read: its content was changed")
            self.first = self.first or row
            return
        if self.first is None:
            self.first, self._first_previous = row, content.previous_id
        if digest(row.body) != row.id:
            self._fault("changed", row, "was changed: its content does not have the hash that is its id")
        if (content.time, content.event) != (row.time_ms, row.event):
            self._fault("changed", row, "was changed: what it is found by is not what it says")
        if last is not None:
            self._compare(last, row, content)
        if content.event == PRUNED:
            through = content.data.get("through")
            if isinstance(through, dict):
                self._pruned.append(Pruned(through.get("seq", 0), through.get("id", "")))

    def _compare(self, last: Stored, row: Stored, content: Content) -> None:
        if row.seq != last.seq + 1:
            gap = f"{last.seq + 1}" if row.seq == last.seq + 2 else f"{last.seq + 1} to {row.seq - 1}"
            self._fault("missing", row, f"follows {last.seq}: {gap} was removed")
        elif content.previous_id != last.id:
            text = f"does not follow the record before it ({last.id}): one of them was put in another's place"
            self._fault("broken", row, text)

    def _fault(self, kind: str, row: Stored, text: str) -> None:
        self.faults.append(Fault(kind, row.seq, row.id, f"record {row.seq} ({row.id}) {text}"))
