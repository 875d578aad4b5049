"""A login: the record behind a JWT, by which it is listed, found again by its client, and revoked."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class TokenRow(Base, kw_only=True):
    """`id` is the JWT's `jti`: knowing it gives nobody access. `kind`: "session" of a browser, or "api".

    `scope`: "all", or "read": it changes nothing. `filter`: in the language of lists, the objects that it is good for.
    `created_by`: the id of the user who made it, or "operator" for the command line.
    """

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_user_id_client_id", "user_id", "client_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    created: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(16))
    description: Mapped[str | None] = mapped_column(String(1024), default=None)
    client_id: Mapped[str | None] = mapped_column(String(255), default=None)
    last_use: Mapped[datetime | None] = mapped_column(default=None)
    last_address: Mapped[str | None] = mapped_column(String(64), default=None)
    revoked: Mapped[datetime | None] = mapped_column(default=None)
    scope: Mapped[str] = mapped_column(String(16), default="all", server_default="all")
    filter: Mapped[str | None] = mapped_column(Text, default=None)
    created_by: Mapped[str | None] = mapped_column(String(36), default=None)
    created_address: Mapped[str | None] = mapped_column(String(64), default=None)
