"""A small pool to call: a session, short ways to look and to expect failures, records for constructors."""

from collections.abc import Iterator

import pytest

from xensim import graph
from xensim.clock import Clock
from xensim.dispatch import Dispatcher
from xensim.failures import XapiFailure
from xensim.graph.coherence import problems
from xensim.ops import locks, memory, vm_rules
from xensim.ops.values import mapping, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

GIB = 1 << 30


class Lab:
    """A small pool, a session, and short ways to call, to look and to expect a failure."""

    def __init__(self) -> None:
        self.pool = Pool(clock=Clock(lambda: 1_790_000_000.0), pace=0.0)
        graph.build(self.pool, hosts=2, vms=30, seed=3)
        self.db = self.pool.db
        self.session = self.pool.sessions.open("root")
        self.dispatcher = Dispatcher(self.pool)
        self.hosts = list(self.db.refs("host"))
        self.nfs = self.db.by_name("SR", "NFS vm-store")[0]

    async def call(self, method: str, *arguments: object) -> str:
        result = await self.dispatcher.call(self.pool.coordinator, method, [self.session, *arguments])
        return str(result.value) if isinstance(result.value, str) else ""

    async def fails(self, method: str, *arguments: object) -> list[str]:
        with pytest.raises(XapiFailure) as caught:
            await self.call(method, *arguments)
        return caught.value.description

    async def ended(self, task: str) -> None:
        """Wait for a task that a call started with `Async.`."""
        while self.db.field("task", task, "status") == "pending":
            await self.db.changed.wait()

    def vm(self, ref: str) -> dict[str, object]:
        return self.db.record("VM", ref)

    def state(self, ref: str) -> object:
        return self.db.field("VM", ref, "power_state")

    def messages(self, vm: str) -> list[str]:
        uuid = self.db.field("VM", vm, "uuid")
        return [str(row.record["name"]) for row in self.db.rows("message").values() if row.record["obj_uuid"] == uuid]

    async def new_vm(self, label: str = "lab", *, disks: int = 1, nics: int = 1) -> str:
        """A halted VM from the Debian template, on shared storage, with devices of its own."""
        template = self.db.by_name("VM", "Debian Bookworm 12")[0]
        vm = await self.call("VM.clone", template, label)
        uuid = self.db.field("SR", self.nfs, "uuid")
        entries = [
            f'<disk device="{at}" size="{10 * GIB}" sr="{uuid}" bootable="true" type="user"/>' for at in range(disks)
        ]
        config = mapping(self.vm(vm)["other_config"]) | {"disks": f"<provision>{''.join(entries)}</provision>"}
        await self.call("VM.set_other_config", vm, config)
        await self.call("VM.provision", vm)
        network = self.db.by_name("network", "Pool-wide network associated with eth0")[0]
        for device in range(nics):
            await self.call("VIF.create", vif_record(vm, network, str(device)))
        return vm

    async def running_vm(self, label: str = "lab", *, disks: int = 1, nics: int = 1) -> str:
        vm = await self.new_vm(label, disks=disks, nics=nics)
        await self.call("VM.start", vm, False, False)
        return vm

    def disk(self, vm: str, at: int = 0) -> str:
        return text(self.db.field("VBD", strings(self.vm(vm)["VBDs"])[at], "VDI"))


def vif_record(vm: str, network: str, device: str, mac: str = "") -> dict[str, object]:
    return {"VM": vm, "network": network, "device": device, "MAC": mac, "MTU": 1500, "other_config": {},
            "qos_algorithm_type": "", "qos_algorithm_params": {}}  # fmt: skip


def vbd_record(vm: str, vdi: str, position: str, **fields: object) -> dict[str, object]:
    return {"VM": vm, "VDI": vdi, "userdevice": position, "bootable": False, "mode": "RW", "type": "Disk",
            "unpluggable": True, "empty": vdi == NULL_REF, "other_config": {}, "qos_algorithm_type": "",
            "qos_algorithm_params": {}, **fields}  # fmt: skip


def vdi_record(sr: str, size: int = GIB) -> dict[str, object]:
    return {"name_label": "v", "name_description": "", "SR": sr, "virtual_size": size, "type": "user",
            "sharable": False, "read_only": False, "other_config": {}, "xenstore_data": {}, "sm_config": {},
            "tags": []}  # fmt: skip


def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab for one test, which must leave a coherent pool behind, with the memory of its hosts accounted for."""
    monkeypatch.setattr(locks, "RETRIES", 3)
    lab = Lab()
    yield lab
    snapshots = {("VM", "snapshot_of"), ("VDI", "snapshot_of")}
    assert problems(lab.db, dangling=snapshots) == []
    for host in lab.hosts:
        assert memory.free(lab.db, host) == memory.balance(lab.db, host)
    for ref, row in lab.db.rows("VM").items():
        assert row.record["allowed_operations"] == vm_rules.allowed(lab.db, ref)
        assert row.record["current_operations"] == {}
