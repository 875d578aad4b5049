"""Commands in the audit log: what an operator changes from the command line is a record like any other."""

import getpass
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from podium.cache.objects import Objects
from podium.cli.options import current_command
from podium.db.base import Database
from podium.errors import PodiumError
from podium.model.audit import AuditSubject
from podium.services.audit.anchor import Anchor
from podium.services.audit.auditor import COMMAND
from podium.services.audit.changes import changes
from podium.services.audit.log import AuditLog
from podium.services.audit.redact import Redactor
from podium.services.secrets import derive_key, load_secret
from podium.settings import Settings

_READS: Final = ("list_", "check_", "show_")


@asynccontextmanager
async def audited(settings: Settings, database: Database, objects: Objects) -> AsyncIterator[None]:
    """Record what the command of this process did within the block, or that it failed."""
    name, given = current_command.get() or ("", {})
    if not name or name.startswith(_READS):
        yield
        return
    redactor = Redactor(derive_key(load_secret(settings), "podium audit v1"))
    before = {entry.id: entry for kind in ("user", "server") for entry in objects.of_type(kind).values()}
    data: dict[str, Any] = {"command": name.replace("_", " "), "params": redactor.clean(_given(given))}
    async with AuditLog(database, Anchor(settings.data_dir), owner="command", recover=False) as log:
        try:
            yield
        except PodiumError as error:
            await log.add(COMMAND, _operator(), {**data, "error": {"code": error.code}})
            raise
        now = [entry.id for kind in ("user", "server") for entry in objects.of_type(kind).values()]
        if found := changes(objects, dict(before), [one for one in now if one not in before]):
            data["changes"] = redactor.clean(found)
        await log.add(COMMAND, _operator(), data)


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in params.items() if value is not None}
    return {name: value if isinstance(value, str | int | float | bool) else str(value) for name, value in plain.items()}


def _operator() -> AuditSubject:
    """The account of the operating system; whoever runs commands reads the secret key, and needs none of ours."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = "operator"
    return AuditSubject(user_name=name, user_ip="local")
