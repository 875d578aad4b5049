"""What a projection reads decides what wakes it: nothing derived is stale, and nothing is projected for nothing."""

from typing import Any

import msgspec

from podium.cache.mirror import Event, Mirror
from podium.model.registry import PROJECTIONS
from podium.xapi.records import (
    Host_metricsRecord,
    HostRecord,
    NetworkRecord,
    PBDRecord,
    PIF_metricsRecord,
    PIFRecord,
    PoolRecord,
    Record,
    SRRecord,
    VBDRecord,
    VDIRecord,
    VIFRecord,
    VM_guest_metricsRecord,
    VM_metricsRecord,
    VMRecord,
)
from tests.model.lookup import POOL_ID, POOL_REF, ref


class Live:
    """A pool that changes: `change` tells which objects were projected again, by their record's name."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {
            "pool": PoolRecord(uuid=POOL_ID, master=ref("host")),
            "host": HostRecord(
                name_label="h", metrics=ref("host_metrics"), software_version={"platform_version": "3.4.0"}
            ),
            "host_metrics": Host_metricsRecord(memory_total=2**40, memory_free=1, live=True),
            "vm": VMRecord(
                power_state="Running",
                resident_on=ref("host"),
                VBDs=(ref("vbd"),),
                metrics=ref("metrics"),
                guest_metrics=ref("guest"),
                platform={"nested-virt": "true"},
            ),
            "halted": VMRecord(power_state="Halted", VBDs=(ref("vbd2"),)),
            "metrics": VM_metricsRecord(VCPUs_number=1),
            "guest": VM_guest_metricsRecord(networks={"0/ip": "10.0.0.1"}, other={"data-ts": "1"}),
            "vbd": VBDRecord(VM=ref("vm"), VDI=ref("vdi"), type="Disk"),
            "vbd2": VBDRecord(VM=ref("halted"), VDI=ref("leaf"), type="Disk"),
            "vdi": VDIRecord(SR=ref("sr"), VBDs=(ref("vbd"),)),
            "leaf": VDIRecord(SR=ref("sr"), sm_config={"vhd-parent": "base-uuid"}, physical_utilisation=1),
            "base": VDIRecord(SR=ref("sr"), managed=False, physical_utilisation=10),
            "sr": SRRecord(VDIs=(ref("vdi"),), PBDs=(ref("pbd"),)),
            "pbd": PBDRecord(host=ref("host"), SR=ref("sr")),
            "network": NetworkRecord(VIFs=(ref("vif"),), PIFs=(ref("pif"),)),
            "vif": VIFRecord(network=ref("network"), VM=ref("vm")),
            "pif": PIFRecord(network=ref("network"), host=ref("host"), metrics=ref("pif_metrics")),
            "pif_metrics": PIF_metricsRecord(speed=1000),
        }
        self.mirror = Mirror(projections=PROJECTIONS, pool_ref=POOL_REF, pool_id=POOL_ID)
        for name, record in self.records.items():
            if not record.uuid:
                self.records[name] = msgspec.structs.replace(record, uuid=f"{name}-uuid")
        self.objects: dict[str, Any] = {}
        self.apply(*self.records)

    def where(self, name: str) -> str:
        return POOL_REF if name == "pool" else ref(name)

    def apply(self, *names: str) -> set[str]:
        self.mirror.apply(
            Event(self.records[name].xapi_class.lower(), self.where(name), self.records[name]) for name in names
        )
        return self.settle()

    def settle(self) -> set[str]:
        woken = set()
        while self.mirror.pending:
            for projected in self.mirror.project(100):
                name = "pool" if projected.ref == POOL_REF else projected.ref.removeprefix("OpaqueRef:")
                woken.add(name)
                self.objects[name] = projected.object
        return woken

    def change(self, name: str, **fields: Any) -> set[str]:
        self.records[name] = msgspec.structs.replace(self.records[name], **fields)
        return self.apply(name)

    def remove(self, name: str) -> set[str]:
        record = self.records.pop(name)
        self.mirror.apply([Event(record.xapi_class.lower(), self.where(name), None)])
        return self.settle()


def test_the_memory_of_a_host_is_its_own_business() -> None:
    assert Live().change("host_metrics", memory_free=2) == {"host"}


def test_a_change_of_a_host_wakes_nobody_who_only_names_it() -> None:
    assert Live().change("host", name_label="new", enabled=True, other_config={"a": "b"}) == {"host", "pool"}
    assert Live().change("host", enabled=True) == {"host"}


def test_the_platform_of_the_master_is_read_by_its_pool_and_by_vms_that_need_it() -> None:
    live = Live()
    assert live.objects["vm"].is_nested_virt_enabled is True
    assert live.change("host", software_version={"platform_version": "3.2.0"}) == {"host", "pool", "vm"}
    assert live.objects["vm"].is_nested_virt_enabled is False


def test_a_change_of_the_pool_wakes_no_vm() -> None:
    assert Live().change("pool", other_config={"xo:mark": "1"}, name_label="x") == {"pool"}


def test_the_chatter_of_a_guest_agent_is_ignored() -> None:
    live = Live()
    assert live.change("guest", other={"data-ts": "2"}) == set()
    assert live.change("guest", networks={"0/ip": "10.0.0.2"}) == {"vm"}
    assert live.objects["vm"].main_ip_address == "10.0.0.2"


def test_metrics_wake_their_owner() -> None:
    live = Live()
    assert live.change("metrics", memory_actual=5) == {"vm"}
    assert live.change("pif_metrics", speed=10) == {"pif"}
    assert live.objects["pif"].speed == 10


def test_a_disk_that_grows_wakes_no_vm_but_the_disks_above_it() -> None:
    live = Live()
    assert live.change("vdi", physical_utilisation=7) == {"vdi"}
    assert live.objects["leaf"].chain_physical_usage == 11
    assert live.change("base", physical_utilisation=20) == {"base", "leaf"}
    assert live.objects["leaf"].chain_physical_usage == 21


def test_a_halted_vm_follows_its_disk() -> None:
    live = Live()
    assert live.objects["halted"].container == "host-uuid"
    assert "halted" in live.change("sr", shared=True)
    assert live.objects["halted"].container == POOL_ID
    assert live.change("sr", physical_size=5) == {"sr"}
    assert live.change("sr", VDIs=()) == {"sr"}


def test_a_network_hears_of_bonds_only() -> None:
    live = Live()
    assert live.change("pif", IP="10.0.0.1") == {"pif"}
    assert live.change("pif", bond_slave_of=ref("bond")) == {"pif", "network"}
    assert live.objects["network"].is_bonded is True


def test_links_come_and_go_with_their_targets() -> None:
    live = Live()
    gone = live.records["vbd"]
    assert live.remove("vbd") == {"vbd", "vm", "vdi"}
    assert live.objects["vm"].vbds == (None,)
    live.records["vbd"] = gone
    assert live.apply("vbd") == {"vbd", "vm", "vdi"}
    assert live.objects["vm"].vbds == ("vbd-uuid",)


def test_a_late_parent_is_counted() -> None:
    live = Live()
    base = live.records["base"]
    live.remove("base")
    assert live.objects["leaf"].chain_physical_usage == 1
    live.records["base"] = base
    live.apply("base")
    assert live.objects["leaf"].chain_physical_usage == 11


def test_a_snapshot_stays_one_by_its_flag_when_its_vm_goes() -> None:
    live = Live()
    live.records["snap"] = VMRecord(uuid="snap-uuid", is_a_snapshot=True, is_a_template=True, snapshot_of=ref("halted"))
    assert live.apply("snap") == {"snap"}
    assert live.objects["snap"].snapshot_of == "halted-uuid"
    assert "snap" in live.remove("halted")
    assert (live.objects["snap"].type, live.objects["snap"].snapshot_of) == ("VM-snapshot", msgspec.UNSET)
