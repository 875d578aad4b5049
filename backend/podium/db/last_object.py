"""Last-known state: each object of each pool as it was last seen, shown (as stale) until the pool speaks again."""

from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class LastObjectRow(Base, kw_only=True):
    """`body` is the object's JSON exactly as the cache encoded it."""

    __tablename__ = "last_object"

    pool: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
