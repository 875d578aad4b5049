"""The keys that sign tokens: one signs, older ones are believed until the last token made with them ends."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class SigningKeyRow(Base, kw_only=True):
    """`kid` is what tokens name. `key` is sealed; None: the key that is derived from the secret (the first one).

    `valid_until` is None while the key signs; set when another takes its place.
    """

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(36), primary_key=True)
    created: Mapped[datetime]
    key: Mapped[bytes | None] = mapped_column(LargeBinary, default=None, repr=False)
    valid_until: Mapped[datetime | None] = mapped_column(default=None)
