"""Busy: who is acting on which object, so that of two people who act on one VM the second hears it at once.

XAPI itself would let him wait: for up to two hours (PROTOCOL.md 6.1).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from podium.errors import OperationInProgress
from podium.model.base import PoolObject

# PROTOCOL.md 6.2, 3: what may run together
_COPIES: Final = frozenset({"clone", "copy", "export", "create_template"})
_SNAPSHOTS: Final = frozenset({"snapshot", "checkpoint"})
_HARD: Final = frozenset({"hard_shutdown", "hard_reboot"})
_GUESTS: Final = frozenset({"vm_start", "vm_resume", "vm_migrate"})
"""What XAPI says of a host while something happens to one of its VMs: in nobody's way."""
_WHILE_MOVING: Final = frozenset({"clean_shutdown", "clean_reboot", "metadata_export", "pool_migrate"})


def together(operation: str, running: str) -> bool:
    """Whether XAPI begins `operation` on a VM, or a host, while `running` is under way on it."""
    if running in _GUESTS:
        return True
    if operation in _COPIES and running in _COPIES:
        return True
    if operation in _SNAPSHOTS and running in _SNAPSHOTS:
        return True
    if operation == "hard_shutdown":
        return running != operation
    if operation == "hard_reboot":
        return running not in _HARD
    return running == "migrate_send" and operation in _WHILE_MOVING


class Busy:
    """What this service is doing to which object. `operation` is XAPI's name of it, e.g. "clean_shutdown"."""

    def __init__(self) -> None:
        self._doing: dict[str, list[tuple[str, str | None]]] = {}

    @contextmanager
    def hold(self, about: PoolObject, operation: str, *, task_id: str | None = None) -> Iterator[None]:
        """Act on an object. Raises OperationInProgress when something is under way that does not go with it."""
        self.require(about, operation)
        mine = (operation, task_id)
        doing = self._doing.setdefault(about.id, [])
        doing.append(mine)
        try:
            yield
        finally:
            doing.remove(mine)
            if not doing:
                del self._doing[about.id]

    @contextmanager
    def holding(self, about: PoolObject, operation: str | None, *, task_id: str | None = None) -> Iterator[None]:
        """As `hold`, where there is an operation that could be in somebody's way."""
        if operation is None:
            yield
            return
        with self.hold(about, operation, task_id=task_id):
            yield

    def require(self, about: PoolObject, operation: str) -> None:
        """Raises OperationInProgress: of ours, or of anybody else as the pool tells (`current_operations`)."""
        for running, task_id in self._doing.get(about.id, ()):
            if not together(operation, running):
                raise _in_progress(about, running, task_id)
        current: Mapping[str, str] = getattr(about, "current_operations", None) or {}
        for running in current.values():
            if not together(operation, running):
                raise _in_progress(about, running, None)


def _in_progress(about: PoolObject, running: str, task_id: str | None) -> OperationInProgress:
    name = getattr(about, "name_label", "") or about.id
    words = running.replace("_", " ")
    return OperationInProgress(f"{name} is busy: {words} is under way", operation=running, task_id=task_id)
