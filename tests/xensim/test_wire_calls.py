"""Calls that no recording holds: arguments, generic methods, filters, tasks, in all three envelopes."""

import asyncio
import json

import pytest

from tests.xensim.caller import Caller
from tests.xensim.wire import exchange
from xensim.failures import XapiFailure
from xensim.registry import OPERATIONS, Call
from xensim.schema import load


async def fails(caller: Caller, method: str, *params: object) -> list[str]:
    with pytest.raises(XapiFailure) as caught:
        await caller.call(method, *params)
    return caught.value.description


def a_guest(caller: Caller, state: str = "Running") -> str:
    return next(
        ref
        for ref, row in caller.sim.db.rows("VM").items()
        if row.record["power_state"] == state
        and not (row.record["is_control_domain"] or row.record["is_a_template"] or row.record["is_a_snapshot"])
    )


async def test_every_class_answers_get_all_records_with_every_field(caller: Caller) -> None:
    for name, cls in load().classes.items():
        if not cls.get_all_records or cls.messages["get_all_records"].removed:
            continue
        records = await caller.call(f"{name}.get_all_records")
        assert sorted(records) == sorted(caller.sim.db.refs(name))
        assert all(list(record) == list(cls.fields) for record in records.values())
        assert sorted(await caller.call(f"{name}.get_all")) == sorted(records)


async def test_removed_classes_say_so(caller: Caller) -> None:
    assert await fails(caller, "VMPP.get_all_records") == ["MESSAGE_REMOVED"]


async def test_sync_calls_may_be_spelled_with_an_underscore(caller: Caller) -> None:
    assert await caller.call("pool_get_all") == [caller.sim.pool.ref]
    assert await fails(caller, "Async.VM_start") == ["MESSAGE_METHOD_UNKNOWN", "VM_start"]


async def test_methods_that_nothing_performs_say_so(caller: Caller) -> None:
    assert await fails(caller, "pool.rotate_secret") == ["NOT_IMPLEMENTED", "pool.rotate_secret"]


async def test_ints_may_come_as_text_and_floats_as_ints(caller: Caller) -> None:
    task = await caller.call("task.create", "a", "b")
    await caller.call("task.set_progress", task, "0.25")
    assert await caller.call("task.get_progress", task) == 0.25
    await caller.call("VM.set_user_version", a_guest(caller), "7")
    assert await caller.call("VM.get_user_version", a_guest(caller)) == 7
    assert (await fails(caller, "VM.set_user_version", a_guest(caller), True))[1].startswith('Failure("Expected int64')


async def test_maps_and_sets_change_by_element(caller: Caller) -> None:
    vm = a_guest(caller)
    await caller.call("VM.set_other_config", vm, {"a": "1"})
    await caller.call("VM.add_to_other_config", vm, "b", "2")
    assert await fails(caller, "VM.add_to_other_config", vm, "b", "3") == [
        "MAP_DUPLICATE_KEY",
        "VM",
        "other_config",
        vm,
        "b",
    ]
    await caller.call("VM.remove_from_other_config", vm, "a")
    await caller.call("VM.remove_from_other_config", vm, "a")
    assert await caller.call("VM.get_other_config", vm) == {"b": "2"}
    await caller.call("VM.set_tags", vm, ["x"])
    await caller.call("VM.add_tags", vm, "y")
    await caller.call("VM.add_tags", vm, "y")
    await caller.call("VM.remove_tags", vm, "x")
    assert await caller.call("VM.get_tags", vm) == ["y"]


async def test_constructors_fill_in_defaults_and_keep_relations(caller: Caller) -> None:
    secret = await caller.call("secret.create", {"value": "s", "other_config": {}})
    assert (await caller.call("secret.get_record", secret))["value"] == "s"
    assert await fails(caller, "secret.create", {"other_config": {}}) == [
        "INTERNAL_ERROR",
        'Server_helpers.Dispatcher_FieldNotFound("value")',
    ]
    await caller.call("secret.destroy", secret)
    assert await fails(caller, "secret.get_record", secret) == ["HANDLE_INVALID", "secret", secret]


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ('field "name__label" = "one"', {"one"}),
        ('field "name_label" = "one" or field "name_label" = "two"', {"one", "two"}),
        ('not field "name__label" = "one" and field "is_a_template" = "false"', {"two", "three"}),
        ('field "tags" = "()"', {"two", "three"}),
        ("field \"tags\" = \"('a' 'b')\"", {"one"}),
        ('field "memory__static_max" = "1024"', {"three"}),
        ('(true and false) or field "name__label" = "two"', {"two"}),
        ("false", set()),
    ],
)
async def test_filters(caller: Caller, expression: str, matches: set[str]) -> None:
    sim = caller.sim
    for vm in list(sim.db.refs("VM")):
        sim.destroy("VM", vm)
    sim.create("VM", name_label="one", tags=["a", "b"])
    sim.create("VM", name_label="two")
    sim.create("VM", name_label="three", memory_static_max=1024)
    found = await caller.call("VM.get_all_records_where", expression)
    assert {record["name_label"] for record in found.values()} == matches
    assert sorted(await caller.call("VM.get_all_where", expression)) == sorted(found)


async def test_wrong_filters(caller: Caller) -> None:
    expression = 'field "name__label" ='
    assert (await fails(caller, "VM.get_all_where", expression))[:2] == ["INVALID_VALUE", expression]
    assert await fails(caller, "VM.get_all_where", 'field "x" = "y"') == ["INTERNAL_ERROR", "missing field", "x", ""]


async def finished(caller: Caller, task: str) -> dict[str, object]:
    for _ in range(200):
        record: dict[str, object] = await caller.call("task.get_record", task)
        if record["status"] != "pending":
            return record
        await asyncio.sleep(0.01)
    raise AssertionError("the task does not end")


async def test_async_calls_end_in_their_task(caller: Caller) -> None:
    vm = a_guest(caller, "Halted")
    clone = await finished(caller, await caller.call("Async.VM.clone", vm, "a clone"))
    assert clone["status"] == "success"
    assert str(clone["result"]).startswith("<value>OpaqueRef:")
    void = await finished(caller, await caller.call("Async.VM.start", vm, True, False))
    assert (void["status"], void["result"], void["progress"]) == ("success", "<value></value>", 1.0)
    refused = await finished(caller, await caller.call("Async.VM.start", vm, False, False))
    assert refused["status"] == "failure"
    assert refused["error_info"] == ["VM_BAD_POWER_STATE", vm, "halted", "paused"]


async def test_a_cancelled_task_ends_as_such(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(call: Call, _vm: str, _paused: bool, _force: bool) -> None:
        await call.progress(0.5)
        await asyncio.sleep(0.05)
        await call.progress(0.6)

    monkeypatch.setitem(OPERATIONS, "VM.start", slow)
    task = await caller.call("Async.VM.start", a_guest(caller, "Halted"), False, False)
    await asyncio.sleep(0.01)
    assert await caller.call("task.get_allowed_operations", task) == ["cancel"]
    assert await caller.call("task.get_progress", task) == 0.5
    await caller.call("task.cancel", task)
    record = await finished(caller, task)
    assert (record["status"], record["error_info"]) == ("cancelled", ["TASK_CANCELLED", task])
    await caller.call("task.destroy", task)
    assert await fails(caller, "task.get_record", task) == ["HANDLE_INVALID", "task", task]


async def test_destroying_a_running_task_waits_for_its_end(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = asyncio.Event()

    async def slow(_call: Call, *_rest: object) -> None:
        await go_on.wait()

    monkeypatch.setitem(OPERATIONS, "VM.start", slow)
    task = await caller.call("Async.VM.start", a_guest(caller, "Halted"), False, False)
    await caller.call("task.destroy", task)
    assert "destroy" in (await caller.call("task.get_current_operations", task)).values()
    go_on.set()
    await asyncio.sleep(0.05)
    assert await fails(caller, "task.get_record", task) == ["HANDLE_INVALID", "task", task]


async def test_an_operation_that_breaks_is_an_internal_error(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_call: Call, *_rest: object) -> None:
        raise KeyError("oh")

    monkeypatch.setitem(OPERATIONS, "VM.start", broken)
    assert (await fails(caller, "VM.start", a_guest(caller), False, False))[0] == "INTERNAL_ERROR"


async def test_a_synchronous_call_goes_on_when_its_client_leaves(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()

    async def slow(_call: Call, *_rest: object) -> None:
        await asyncio.sleep(0.05)
        ended.set()

    monkeypatch.setitem(OPERATIONS, "VM.start", slow)
    call = asyncio.create_task(caller.call("VM.start", a_guest(caller), False, False))
    await asyncio.sleep(0.02)
    assert [row.record["name_label"] for row in caller.sim.db.rows("task").values()].count("VM.start") == 1
    call.cancel()
    await asyncio.wait_for(ended.wait(), 5)


async def test_infinity_is_written_bare(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATIONS, "VM.query_data_source", lambda *_: float("inf"))
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "VM.query_data_source",
        "params": [caller.session, a_guest(caller), "x"],
    }
    assert (await caller.post(json.dumps(body))).body == '{"jsonrpc":"2.0","result":Infinity,"id":1}'


async def test_bytes_that_are_no_text_are_an_invalid_value(caller: Caller) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"VM.get_all","params":["\xff"]}'
    head = b"POST /jsonrpc HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    reply = json.loads((await exchange(caller.sim.coordinator, caller.sim.port, head + body)).body)
    assert reply["error"][0] == "INVALID_VALUE"  # outside of any request: a plain list, and the id 0
    assert reply["id"] == 0


async def test_xml_rpc_carries_every_type(caller: Caller) -> None:
    vm = a_guest(caller)
    await caller.call("VM.set_name_description", vm, 'a <b> & "c" ü')

    async def xml(method: str, *values: str) -> str:
        params = "".join(f"<param><value>{value}</value></param>" for value in (caller.session, *values))
        body = (
            f"<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>"
        )
        return (await caller.post(body, "/RPC2")).body.split("<name>Value</name>")[1].split("</member></struct>")[0]

    assert await xml("VM.get_name_description", vm) == "<value>a &lt;b&gt; &amp; &quot;c&quot; ü</value>"
    assert await xml("VM.get_is_a_template", vm) == "<value><boolean>0</boolean></value>"
    assert await xml("VM.get_HVM_shadow_multiplier", vm) == "<value><double>1</double></value>"
    assert await xml("VM.get_snapshot_time", vm) == (
        "<value><dateTime.iso8601>19700101T00:00:00Z</dateTime.iso8601></value>"
    )
    await xml("VM.set_user_version", vm, "<int>12</int>")
    assert await xml("VM.get_user_version", vm) == "<value>12</value>"
    await xml("VM.set_tags", vm, "<array><data><value>p</value><value><string>q</string></value></data></array>")
    assert await xml("VM.get_tags", vm) == "<value><array><data><value>p</value><value>q</value></data></array></value>"
    await xml("VM.set_other_config", vm, "<struct><member><name>k</name><value>v</value></member></struct>")
    assert await xml("VM.get_other_config", vm) == "<value><struct><member><name>k</name><value>v</value>"
    pool = caller.sim.pool.ref
    await xml("pool.set_live_patching_disabled", pool, "<boolean>1</boolean>")
    assert caller.sim.db.field("pool", pool, "live_patching_disabled") is True
