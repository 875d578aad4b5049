"""The audit log: a chain of records that are only ever added, and what was begun and has no record yet."""

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class AuditRow(Base, kw_only=True):
    """`body` is the canonical JSON whose hash is `id`; the columns beside it are what is searched by.

    `seq` counts from 1 without a gap. Nothing refers to other tables: a record outlives what it is about.
    """

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    time_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    event: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary, repr=False)


class AuditIntentRow(Base, kw_only=True):
    """A write under way: stored before it begins, removed in the transaction that adds its record."""

    __tablename__ = "audit_intent"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(String(36))
    time_ms: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
