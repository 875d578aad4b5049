"""What can be done to many objects at once: the single actions, each with a check that asks no pool."""

from collections.abc import Callable
from typing import Any, Final

from podium.errors import InvalidParameters
from podium.model.base import PoolObject
from podium.model.vm import VM, AnyVM
from podium.services.access import Viewer
from podium.services.alarms.desk import MAX_NOTE, AlarmDesk
from podium.services.batch import Operation, Params
from podium.services.gateway import Gateway
from podium.services.messages import Messages
from podium.services.tags import Tags
from podium.services.tasks import Progress
from podium.services.vdis import Vdis
from podium.services.vm_deletion import VmDeletion
from podium.services.vm_kinds import KINDS
from podium.services.vm_migration import VmMigration
from podium.services.vm_moves import Plan, Wishes
from podium.services.vm_power import ACTIONS, VmPower
from podium.services.vm_rules import require_possible
from podium.services.vm_snapshots import VmSnapshots

TAGGED: Final = ("vms", "vm-templates", "vm-snapshots", "vdis", "networks", "srs", "hosts")
NOTICES: Final = ("messages", "alarms")
ACTIONS_BY_COLLECTION: Final[dict[str, tuple[str, ...]]] = {
    "vms": (*ACTIONS, "snapshot", "migrate", "delete", "add_tag", "remove_tag"),
    **{name: ("delete", "add_tag", "remove_tag") for name in KINDS if name != "vms"},
    **{name: ("add_tag", "remove_tag") for name in TAGGED if name not in KINDS},
    "vdis": ("delete", "add_tag", "remove_tag"),
    "messages": ("delete",),
    "alarms": ("delete", "acknowledge", "unacknowledge"),
}
"""What the API offers; `batch_operations` makes all of it."""

_EFFECTS: Final[dict[str, str]] = {
    "start": "will be started",
    "clean_shutdown": "will be shut down",
    "hard_shutdown": "will be switched off at once; what is not saved is lost",
    "clean_reboot": "will be rebooted",
    "hard_reboot": "will be reset at once; what is not saved is lost",
    "pause": "will be paused",
    "unpause": "will go on",
    "suspend": "will be suspended to disk",
    "resume": "will be resumed from disk",
}


def batch_operations(  # noqa: PLR0913 -- one for each kind of action
    gateway: Gateway,
    *,
    power: VmPower,
    snapshots: VmSnapshots,
    migration: VmMigration,
    deletion: VmDeletion,
    vdis: Vdis,
    tags: Tags,
    messages: Messages,
    alarms: AlarmDesk,
) -> dict[tuple[str, str], Operation]:
    """By collection and action."""
    found: dict[tuple[str, str], Operation] = {}
    for name in ACTIONS:
        found["vms", name] = _power(name, power)
    found["vms", "snapshot"] = _snapshot(snapshots)
    found["vms", "migrate"] = _migrate(migration, gateway)
    for collection in KINDS:
        found[collection, "delete"] = _delete(collection, deletion, gateway)
    found["vdis", "delete"] = _delete_disk(vdis, gateway)
    for collection in NOTICES:
        found[collection, "delete"] = _delete_notice(collection, messages)
    found["alarms", "acknowledge"] = _acknowledge(alarms)
    found["alarms", "unacknowledge"] = _unacknowledge(alarms)
    for collection in TAGGED:
        found[collection, "add_tag"] = _tag(collection, tags.add, "will get the tag {}", tags)
        found[collection, "remove_tag"] = _tag(collection, tags.remove, "will lose the tag {}", tags)
    return found


def _power(name: str, power: VmPower) -> Operation:
    def check(one: PoolObject, _: Params, by: Viewer) -> None:
        power.require_possible(name, power.require(name, one.id, by=by))

    async def run(one: PoolObject, _: Params, by: Viewer, progress: Progress) -> object:
        await power.act(name, one.id, by=by, progress=progress)
        return None

    operation = ACTIONS[name].operation
    return Operation(_takes(), check, run, lambda *_: _EFFECTS[name], lambda *_: operation)


def _snapshot(snapshots: VmSnapshots) -> Operation:
    def check(one: PoolObject, params: Params, by: Viewer) -> None:
        snapshots.require_possible(snapshots.require(one.id, by=by), memory=bool(params.get("memory")))

    async def run(one: PoolObject, params: Params, by: Viewer, progress: Progress) -> object:
        return {
            "id": await snapshots.snapshot(
                one.id,
                by=by,
                progress=progress,
                name_label=params.get("name_label"),
                name_description=params.get("name_description") or "",
                memory=bool(params.get("memory")),
            )
        }

    return Operation(
        _takes(name_label=str, name_description=str, memory=bool),
        check,
        run,
        lambda _, params: f"will get a snapshot{' with its memory' if params.get('memory') else ''}",
        lambda _, params, __: "checkpoint" if params.get("memory") else "snapshot",
    )


def _migrate(migration: VmMigration, gateway: Gateway) -> Operation:
    takes = _takes(hostId=str, srId=str, migrationNetworkId=str)

    def validate(params: Params) -> None:
        takes(params)
        if not params.get("hostId"):
            raise InvalidParameters("params.hostId is missing")

    def plan(one: PoolObject, params: Params, by: Viewer) -> tuple[VM, Plan]:
        vm = migration.require(one.id, by=by)
        wishes = Wishes(params.get("migrationNetworkId"), params.get("srId"))
        return vm, migration.plan(vm, params["hostId"], wishes, by=by)

    def asked(one: PoolObject, params: Params, by: Viewer) -> str:
        return "migrate_send" if plan(one, params, by)[1].moves_storage else "pool_migrate"

    def check(one: PoolObject, params: Params, by: Viewer) -> None:
        vm, found = plan(one, params, by)
        if found.moves_storage:
            require_possible(gateway, vm, "migrate_send", ("Halted", "Suspended", "Running"))
        else:
            require_possible(gateway, vm, "pool_migrate", ("Running",))

    async def run(one: PoolObject, params: Params, by: Viewer, progress: Progress) -> object:
        vm, found = plan(one, params, by)
        await migration.migrate(vm, found, by=by, progress=progress)
        return None

    return Operation(validate, check, run, lambda *_: "will be moved", asked)


def _delete(collection: str, deletion: VmDeletion, gateway: Gateway) -> Operation:
    def check(one: PoolObject, _: Params, by: Viewer) -> None:
        gateway.busy.require(deletion.require(collection, one.id, by=by), "destroy")

    async def run(one: PoolObject, params: Params, by: Viewer, progress: Progress) -> object:
        return await deletion.delete(collection, one.id, by=by, progress=progress, with_disks=_with_disks(params))

    def effect(one: PoolObject, params: Params) -> str:
        if not isinstance(one, AnyVM) or not _with_disks(params):
            return "will be deleted"
        fate = deletion.fate(one)
        parts = [_count(len(fate.disks), "disk"), _count(len(fate.snapshots), "snapshot")]
        with_it = " and ".join(part for part in parts if part)
        return f"will be deleted with {with_it}" if with_it else "will be deleted"

    return Operation(_takes(delete_disks=bool), check, run, effect)


def _with_disks(params: Params) -> bool:
    return params.get("delete_disks") is not False


def _count(number: int, what: str) -> str:
    return "" if number == 0 else f"{number} {what}{'' if number == 1 else 's'}"


def _delete_disk(vdis: Vdis, gateway: Gateway) -> Operation:
    def check(one: PoolObject, _: Params, by: Viewer) -> None:
        gateway.busy.require(vdis.require_delete("vdis", one.id, by=by), "destroy")

    async def run(one: PoolObject, _: Params, by: Viewer, progress: Progress) -> object:
        await vdis.delete("vdis", one.id, by=by, progress=progress)
        return None

    return Operation(_takes(), check, run, lambda *_: "will be deleted with its content")


def _delete_notice(collection: str, messages: Messages) -> Operation:
    def check(one: PoolObject, _: Params, by: Viewer) -> None:
        messages.require_possible(collection, one.id, by=by)

    async def run(one: PoolObject, _: Params, by: Viewer, __: Progress) -> object:
        await messages.delete(collection, one.id, by=by)
        return None

    return Operation(_takes(), check, run, lambda *_: "will be deleted", of_pool=False)


def _acknowledge(alarms: AlarmDesk) -> Operation:
    takes = _takes(note=str)

    def validate(params: Params) -> None:
        takes(params)
        if len(params.get("note") or "") > MAX_NOTE:
            raise InvalidParameters(f"params.note has at most {MAX_NOTE} characters")

    def check(one: PoolObject, _: Params, by: Viewer) -> None:
        alarms.require("acknowledge", one.id, by=by)

    async def run(one: PoolObject, params: Params, by: Viewer, _: Progress) -> object:
        await alarms.acknowledge(one.id, note=params.get("note") or "", by=by)
        return None

    return Operation(validate, check, run, lambda *_: "will be acknowledged", of_pool=False)


def _unacknowledge(alarms: AlarmDesk) -> Operation:
    def check(one: PoolObject, _: Params, by: Viewer) -> None:
        alarms.require_acknowledged(one.id, by=by)

    async def run(one: PoolObject, _: Params, by: Viewer, __: Progress) -> object:
        await alarms.unacknowledge(one.id, by=by)
        return None

    return Operation(_takes(), check, run, lambda *_: "will not be acknowledged any more", of_pool=False)


def _tag(collection: str, change: Callable[..., Any], words: str, tags: Tags) -> Operation:
    takes = _takes(tag=str)

    def validate(params: Params) -> None:
        takes(params)
        tags.validate(params.get("tag") or "")

    def check(one: PoolObject, _: Params, by: Viewer) -> None:
        tags.require(collection, one.id, by=by)

    async def run(one: PoolObject, params: Params, by: Viewer, _: Progress) -> object:
        return await change(collection, one.id, params["tag"], by=by)

    return Operation(validate, check, run, lambda _, params: words.format(params["tag"]))


def _takes(**known: type) -> Callable[[Params], None]:
    """Raises InvalidParameters for a parameter that the action does not have, or of another type; null is none."""

    def validate(params: Params) -> None:
        for name, value in params.items():
            if name not in known:
                raise InvalidParameters(f"params.{name} is not a parameter of this action")
            if value is not None and not isinstance(value, known[name]):
                raise InvalidParameters(f"params.{name} has the wrong type")

    return validate
