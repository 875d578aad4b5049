"""Resource sets."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class ResourceSetRow(Base, kw_only=True):
    """Lists of ids; `limits` by name. What the ids stand for may be gone: pools are not in this database."""

    __tablename__ = "resource_set"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    subjects: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    objects: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    shared: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    limits: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    created: Mapped[datetime]
