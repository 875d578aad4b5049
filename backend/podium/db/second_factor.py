"""The second factor of a user: the secret his phone shares with us, and the codes for when it is lost."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class SecondFactorRow(Base, kw_only=True):
    """`secret` is sealed (services/secrets.py). It counts from `confirmed` on.

    `last_step`: the newest 30 s step (Unix time / 30) of which a code was taken; it and those before are used up.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    created: Mapped[datetime]
    confirmed: Mapped[datetime | None] = mapped_column(default=None)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)


class RecoveryCodeRow(Base, kw_only=True):
    """A code that stands in for the phone, once. `digest`: HMAC-SHA256 under a key that is not in the database."""

    __tablename__ = "recovery_code"

    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, repr=False)
    used: Mapped[datetime | None] = mapped_column(default=None)
