"""The anchor: the newest record's place and hash in a file beside the database, by which a cut-off end is noticed."""

import os
import tempfile
from pathlib import Path
from typing import Final

import msgspec
import structlog

log = structlog.get_logger(__name__)

NAME: Final = "audit-anchor.json"


class Mark(msgspec.Struct, frozen=True):
    """The newest record there was. `time` in milliseconds."""

    seq: int
    id: str
    time: int


class Anchor:
    """The file in the data directory. Whoever can change the database alone cannot change it."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / NAME

    def read(self) -> Mark | None:
        """None: there is none yet. Raises msgspec.DecodeError when it is damaged."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Mark)
        except FileNotFoundError:
            return None

    def write(self, mark: Mark) -> None:
        """Whole or not at all (a file beside it is put in its place). Trouble is logged: the log itself is stored."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".audit.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(msgspec.json.encode(mark))
                Path(name).replace(self.path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError:
            log.exception("the audit log's anchor cannot be written", path=str(self.path))
