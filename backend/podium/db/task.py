"""What users set in motion: one record per action, kept after its end."""

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from podium.db.base import Base


class TaskRow(Base, kw_only=True):
    """`body` is the task's JSON as clients see it; the columns beside it are what is searched and pruned by."""

    __tablename__ = "task"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), index=True)
    start_ms: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
