"""Messages, alarms, XAPI tasks, and the records that are not a pool's: tasks, servers, users."""

import json
from typing import Any

import msgspec
import pytest

from podium.model.base import XoObject
from podium.model.message import Alarm, Message, alarm_body
from podium.model.registry import BY_STRUCT
from podium.model.server import Server, ServerError
from podium.model.task import Task, TaskNote, TaskProperties
from podium.model.user import User
from podium.xapi.records import HostRecord, MessageRecord, SRRecord, TaskRecord, VDIRecord, VMRecord
from tests.model.lookup import POOL_ID, Scene, ref

PERFMON = (
    'value: {}\nconfig:\n<variable>\n\t<name value="cpu_usage"/>\n\t<alarm_trigger_level value="0.9"/>\n</variable>'
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.95", "95.0"),
        ("0.12345", "12.3"),
        ("1", "100.0"),
        ("0", "0.0"),
        ("-0.5", "-50.0"),
        ("1e-3", "0.1"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("nan", "nan"),
        ("1e308", "1e308"),
        ("lots", None),
    ],
)
def test_the_value_of_an_alarm(value: str, shown: str | None) -> None:
    body = json.loads(msgspec.json.encode(alarm_body(PERFMON.format(value))))
    assert body == ({"name": "cpu_usage"} if shown is None else {"name": "cpu_usage", "value": shown})


@pytest.mark.parametrize("text", ["", "The status of the eth0+eth1 bond is: 1/2 up", "value: 1", "value: \n<variable>"])
def test_other_bodies_of_alarms_are_shown_whole(text: str) -> None:
    assert json.loads(msgspec.json.encode(alarm_body(text))) == {"name": text}


def test_the_same_body_inside_a_config_element() -> None:
    text = 'value: 0.5\nconfig:\n<config><variable><name value="fs_usage"/></variable></config>'
    assert json.loads(msgspec.json.encode(alarm_body(text))) == {"name": "fs_usage", "value": "50.0"}


@pytest.mark.parametrize(
    ("cls", "uuid", "kind", "href"),
    [
        ("VM", "vm-uuid", "VM", "vms/vm-uuid"),
        ("VM", "snapshot-uuid", "VM-snapshot", "vm-snapshots/snapshot-uuid"),
        ("VM", "dom0-uuid", "VM-controller", "vm-controllers/dom0-uuid"),
        ("VM", "template-uuid", "VM-template", f"vm-templates/{POOL_ID}-template-uuid"),
        ("Host", "host-uuid", "host", "hosts/host-uuid"),
        ("host", "host-uuid", "host", "hosts/host-uuid"),
        ("SR", "sr-uuid", "SR", "srs/sr-uuid"),
        ("Pool", POOL_ID, "pool", f"pools/{POOL_ID}"),
        ("VDI", "vdi-uuid", "VDI", "vdis/vdi-uuid"),
        ("VDI", "base-uuid", "VDI-unmanaged", "vdi-unmanaged/base-uuid"),
        ("VM", "gone", "unknown", None),
        ("VM", "host-uuid", "unknown", None),
        ("VMSS", "vm-uuid", "unknown", None),
        ("", "", "unknown", None),
    ],
)
def test_what_an_alarm_is_about(cls: str, uuid: str, kind: str, href: str | None) -> None:
    scene = Scene(
        alarm=MessageRecord(name="ALARM", cls=cls, obj_uuid=uuid, timestamp="20261122T15:06:10Z"),
        vm=VMRecord(),
        snapshot=VMRecord(is_a_snapshot=True, is_a_template=True),
        dom0=VMRecord(is_control_domain=True),
        template=VMRecord(is_a_template=True, is_default_template=True),
        host=HostRecord(),
        sr=SRRecord(),
        vdi=VDIRecord(),
        base=VDIRecord(managed=False),
    )
    shown = scene.show("alarm")
    assert shown["object"] == {"type": kind, "uuid": uuid, **({"href": f"/rest/v0/{href}"} if href else {})}
    assert (shown["type"], shown["time"]) == ("message", 1795359970000)
    assert "$object" not in shown


@pytest.mark.parametrize(
    ("name", "struct"),
    [
        ("ALARM", Alarm),
        ("BOND_STATUS_CHANGED", Alarm),
        ("MULTIPATH_PERIODIC_ALERT", Alarm),
        ("VM_STARTED", Message),
        ("alarm", Message),
    ],
)
def test_alarms_are_told_from_messages_by_name(name: str, struct: type[XoObject]) -> None:
    found = Scene(message=MessageRecord(name=name)).object("message")
    assert type(found) is struct
    assert BY_STRUCT[type(found)].type == ("alarm" if struct is Alarm else "message")


def test_a_message() -> None:
    record = MessageRecord(name="VM_STARTED", body="b", obj_uuid="o", timestamp="20261122T15:06:10Z")
    shown = Scene(message=record).show("message")
    assert (shown["$object"], shown["body"], shown["time"]) == ("o", "b", 1795359970)


def test_a_xapi_task() -> None:
    scene = Scene(
        task=TaskRecord(
            name_label="Async.VM.start",
            allowed_operations=("cancel",),
            created="20261122T15:06:10Z",
            status="failure",
            progress=0.5,
            resident_on=ref("host"),
            error_info=("VM_BAD_POWER_STATE", "x"),
            other_config={"applies_to": ref("vm")},
        ),
        host=HostRecord(),
        vm=VMRecord(),
        lone=TaskRecord(other_config={"applies_to": "nothing"}),
    )
    shown = scene.show("task")
    assert (shown["type"], shown["id"], shown["xapiRef"]) == ("task", "task-uuid", ref("task"))
    assert (shown["created"], shown["finished"], shown["progress"]) == (1795359970, None, 0.5)
    assert (shown["$host"], shown["applies_to"]) == ("host-uuid", "vm-uuid")
    assert (shown["allowedOperations"], shown["errorInfo"]) == (["cancel"], ["VM_BAD_POWER_STATE", "x"])
    assert BY_STRUCT[type(scene.object("task"))].type == "xapi-task"
    assert not {"$host", "applies_to", "errorInfo"} & set(scene.show("lone"))


def plain(obj: XoObject) -> dict[str, Any]:
    assert msgspec.json.decode(msgspec.json.encode(obj), type=type(obj)) == obj
    found: dict[str, Any] = json.loads(msgspec.json.encode(obj))
    return found


def test_the_task_of_a_user() -> None:
    properties = TaskProperties(name="REST API: start VM", object_id="v", object_type="VM", params={"hostId": None})
    pending = Task(id="0m", status="pending", start=1, properties=properties)
    assert plain(pending) == {
        "id": "0m",
        "status": "pending",
        "start": 1,
        "properties": {"name": "REST API: start VM", "objectId": "v", "objectType": "VM", "params": {"hostId": None}},
    }
    done = msgspec.structs.replace(
        pending,
        status="failure",
        end=2,
        updated_at=2,
        result={"code": "x", "params": [1, "two", None]},
        warnings=(TaskNote("careful", {"a": [1]}),),
        tasks=(pending,),
    )
    assert plain(done)["tasks"] == [plain(pending)]
    assert plain(done)["warnings"] == [{"message": "careful", "data": {"a": [1]}}]


def test_a_server_shows_what_is_known_of_it() -> None:
    new = Server(
        id="s",
        host="10.0.0.1",
        username="root",
        allow_unauthorized=False,
        read_only=False,
        enabled=True,
        status="disconnected",
    )
    assert plain(new) == {
        "id": "s",
        "host": "10.0.0.1",
        "username": "root",
        "allowUnauthorized": False,
        "readOnly": False,
        "enabled": True,
        "status": "disconnected",
    }
    failed = msgspec.structs.replace(
        new,
        state="refused",
        error=ServerError("pool-refused", "no", {"x": 1}),
        state_since=5,
        certificate_mode="pinned",
    )
    assert plain(failed)["error"] == {"code": "pool-refused", "message": "no", "detail": {"x": 1}}
    assert (plain(failed)["stateSince"], plain(failed)["certificateMode"]) == (5, "pinned")


def test_a_user_never_shows_a_password() -> None:
    user = User(id="u", name="n", email="n", permission="admin", groups=(), preferences={"lang": "fr"})
    assert plain(user) == {
        "id": "u",
        "name": "n",
        "email": "n",
        "permission": "admin",
        "groups": [],
        "preferences": {"lang": "fr"},
    }
    assert plain(msgspec.structs.replace(user, pw_hash="***obfuscated***"))["pw_hash"] == "***obfuscated***"
