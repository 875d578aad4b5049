"""Operations that belong to the protocol rather than to the machine: sessions, tasks, messages, clocks."""

from xensim.clock import epoch
from xensim.encoding import Encoded
from xensim.failures import XapiFailure
from xensim.registry import Call, operation
from xensim.results import Records


@operation("session.logout")
def logout(call: Call) -> None:
    call.pool.sessions.end(call.session)


@operation("session.change_password")
def change_password(call: Call, _old: str, new: str) -> None:
    """In a session of root the old password is not checked."""
    call.pool.credentials.password = new


@operation("session.get_all_subject_identifiers")
def get_all_subject_identifiers(call: Call) -> list[str]:
    identifiers = {str(row.record["auth_user_sid"]) for row in call.db.rows("session").values()}
    return sorted(identifiers - {""})


@operation("session.logout_subject_identifier")
def logout_subject_identifier(call: Call, identifier: str) -> None:
    for ref, row in list(call.db.rows("session").items()):
        if row.record["auth_user_sid"] == identifier and ref != call.session:
            call.pool.sessions.end(ref)


@operation("task.create")
def task_create(call: Call, label: str, description: str) -> str:
    return call.pool.tasks.create(label, call.session, description=description)


@operation("task.destroy")
def task_destroy(call: Call, self: str) -> None:
    call.pool.tasks.destroy(self)


@operation("task.cancel")
def task_cancel(call: Call, task: str) -> None:
    call.pool.tasks.cancel(task)


@operation("message.create")
def message_create(call: Call, name: str, priority: int, cls: str, obj_uuid: str, body: str) -> str:
    spelled = call.pool.schema.by_lower.get(cls.lower())
    if spelled is not None:
        try:
            call.db.by_uuid(spelled, obj_uuid)
        except XapiFailure:
            raise XapiFailure("UUID_INVALID", cls, obj_uuid) from None
    return call.pool.emit_message(name, priority, cls, obj_uuid, body)


@operation("message.destroy")
def message_destroy(call: Call, self: str) -> None:
    call.db.destroy("message", self)


@operation("message.destroy_many")
async def message_destroy_many(call: Call, messages: list[str]) -> None:
    for at, ref in enumerate(messages):
        call.db.destroy("message", ref)
        if at % 100 == 0:
            await call.progress(at / len(messages))


@operation("message.destroy_all")
def message_destroy_all(call: Call, filters: dict[str, str]) -> None:
    """`filters`: before, after (dates) and priority."""
    before = epoch(filters["before"]) if "before" in filters else float("inf")
    after = epoch(filters["after"]) if "after" in filters else 0.0
    for ref, row in list(call.db.rows("message").items()):
        at = epoch(str(row.record["timestamp"]))
        if after <= at <= before and filters.get("priority", str(row.record["priority"])) == str(
            row.record["priority"]
        ):
            call.db.destroy("message", ref)


@operation("message.get")
def message_get(call: Call, cls: str, obj_uuid: str, since: str) -> Encoded:
    """The messages about one object, the newest first."""
    rows = [
        row
        for row in call.db.rows("message").values()
        if row.record["cls"] == cls and row.record["obj_uuid"] == obj_uuid and str(row.record["timestamp"]) >= since
    ]
    return Records(rows[::-1])


@operation("message.get_since")
def message_get_since(call: Call, since: str) -> Encoded:
    rows = [row for row in call.db.rows("message").values() if str(row.record["timestamp"]) >= since]
    return Records(rows[::-1])


@operation("host.get_servertime")
def get_servertime(call: Call, host: str) -> str:
    call.db.record("host", host)
    return call.pool.clock.wire(call.pool.statistics.now(host))


@operation("host.get_server_localtime")
def get_server_localtime(call: Call, host: str) -> str:
    """The host's own time, without a zone; hosts run in UTC here."""
    call.db.record("host", host)
    return call.pool.clock.wire(call.pool.statistics.now(host)).removesuffix("Z")


@operation("host.is_in_emergency_mode")
def is_in_emergency_mode(_call: Call) -> bool:
    return False
