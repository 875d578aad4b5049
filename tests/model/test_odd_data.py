"""No projection raises, whatever legal data a pool holds; what it shows is JSON that reads back."""

from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium.model.base import PoolObject, XoObject
from podium.model.registry import PROJECTIONS
from podium.xapi.records import RECORDS, PoolRecord, Record
from tests.model.lookup import POOL_REF, DictLookup, project, project_with

REFS = [f"OpaqueRef:{number}" for number in range(12)]
NULLS = ["OpaqueRef:NULL", "", "Ref:2", "OpaqueRef:gone", "DummyRef:|x|y"]
UUIDS = ["", *(f"0000000{number}-uuid" for number in range(1, 12))]
NAMES = """pci auto_poweron xo:notes xo:resource_set xo:00000001 xscontainer-monitor docker_ps docker_info disks
    install-methods default_template cores-per-socket videoram vga nested-virt exp-nested-hvm device_id weight cap mask
    used total 0/ip 0/ipv4/0 0/ipv6/1 10/ip major minor micro build xenbus xeniface vhd-parent image-format boot_time
    agent_start_time rpm_patch_installation_time iscsi_iqn multipathing expiry cpu_count socket_count product_brand
    product_version platform_version a:b a: provisioning kbps ethtool-tx applies_to firmware password iommu"""
KEYS = NAMES.split()
VALUES = [
    *REFS[:3],
    *NULLS,
    *UUIDS,
    "true",
    "false",
    "True",
    "False",
    "0002",
    "XCP-ng",
    "8.3.0",
    "7.0.0",
    "3.4.0",
    "thin",
    "0",
    "1",
    "-1",
    "256",
    "1e400",
    "NaN",
    "Infinity",
    "0x10",
    "1_000",
    "9" * 30,
    "12.5",
    "1792770459.",
    "20261122T15:06:10Z",
    "19700101T00:00:00Z",
    "00000000T00:00:00Z",
    "99991231T23:59:59Z",
    "10.0.0.1 10.0.0.2",
    "fe80::1",
    "XenServer 9.1.9.105 ",
    "XCP_ng x",
    "0/0000:04:01.0,,x",
    "ALARM",
    "BOND_STATUS_CHANGED",
    "VM",
    "Host",
    "VDI",
    "Pool",
    "CD",
    "Running",
    "Paused",
    "linstor",
    "ratelimit",
    "unspecified",
    "hvm",
    "{",
    '{"creation": {"date": 1}}',
    '{"creation": []}',
    '"set"',
    "<a/>",
    "<a",
    '<provision><disk size="1"/><disk size="x"/></provision>',
    "<docker_ps><item/></docker_ps>",
    "<docker_ps><item><entry><names>a</names></entry></item></docker_ps>",
    "<restrictions><restriction/></restrictions>",
    'value: NaN config: <variable> <name value="x"/>',
    'value: 1e999 config: <variable><name value=""/>',
    "bios",
    "uefi",
]
TEXT = st.one_of(st.sampled_from(VALUES), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
REF = st.sampled_from([*REFS, *NULLS])
MAP = st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), TEXT, max_size=8)


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Legal values of a record's field."""
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.one_of(st.sampled_from([-1, 0, 1, 2**31, 2**40]), st.integers(-(2**63), 2**63 - 1))
    if annotation is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if annotation is str:
        return st.one_of(REF, TEXT)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=4).map(tuple)
    if origin is dict:
        if arguments[1] is str:
            return st.one_of(MAP, st.dictionaries(REF, TEXT, max_size=3))
        return st.dictionaries(st.one_of(REF, TEXT), values(arguments[1]), max_size=3)
    raise AssertionError(annotation)


def records_of(kind: type[Record]) -> st.SearchStrategy[Record]:
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}
    fields = {name: values(hint) for name, hint in hints.items() if name != "uuid"}
    return st.fixed_dictionaries({}, optional=fields).map(lambda row: kind(**row))


ROWS = st.one_of(*(records_of(kind) for kind in RECORDS.values()))


@st.composite
def pools(draw: st.DrawFn) -> dict[str, Record]:
    """A few records, each with a uuid of its own (some classes have none), and the pool's."""
    rows = draw(st.dictionaries(st.sampled_from(REFS), ROWS, min_size=2, max_size=len(REFS)))
    found: dict[str, Record] = {POOL_REF: msgspec.structs.replace(draw(records_of(PoolRecord)), uuid="pool-uuid")}
    for (ref, row), uuid in zip(rows.items(), UUIDS, strict=False):
        found[ref] = msgspec.structs.replace(row, uuid=uuid)
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pools())
def test_any_pool_is_shown(records: dict[str, Record]) -> None:
    look = DictLookup(records)
    shown = project_with(look, records)
    assert len(shown) == sum(record.xapi_class.lower() in PROJECTIONS for record in records.values())
    for obj in shown:
        assert msgspec.json.decode(msgspec.json.encode(obj), type=type(obj)) == obj
    for obj, again in zip(shown, project_with(look, records), strict=True):
        assert obj == again


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pools())
def test_the_mirror_shows_the_same(records: dict[str, Record]) -> None:
    shown = {id_of(obj): obj for obj in project(records)}
    assert shown == {id_of(obj): obj for obj in project_with(DictLookup(records), records)}


def id_of(obj: XoObject) -> str:
    assert isinstance(obj, PoolObject)
    return obj.xapi_ref
