"""A stored address with credentials: one connection to one pool."""

from datetime import datetime

from sqlalchemy import JSON, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class ServerRow(Base, kw_only=True):
    """`host_key` is the address as compared. What the pool last said of itself is kept to be shown while it is away."""

    __tablename__ = "server"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    host_key: Mapped[str] = mapped_column(String(255), unique=True, repr=False)
    username: Mapped[str] = mapped_column(String(255))
    password: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    label: Mapped[str | None] = mapped_column(String(255), default=None)
    http_proxy: Mapped[bytes | None] = mapped_column(LargeBinary, default=None, repr=False)
    allow_unauthorized: Mapped[bool] = mapped_column(default=False)
    read_only: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    fingerprint: Mapped[str | None] = mapped_column(String(128), default=None)
    created: Mapped[datetime]
    pool_id: Mapped[str | None] = mapped_column(String(64), default=None)
    pool_label: Mapped[str | None] = mapped_column(Text, default=None)
    pool_description: Mapped[str | None] = mapped_column(Text, default=None)
    master: Mapped[str | None] = mapped_column(String(64), default=None)
    members: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    certificates: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
