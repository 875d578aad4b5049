"""The TPM of a VM: one at most, made and removed while the VM is halted."""

from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


async def test_a_vm_has_one_tpm_at_most(lab: Lab) -> None:
    vm = await lab.new_vm()
    tpm = await lab.call("VTPM.create", vm, False)
    record = lab.db.record("VTPM", tpm)
    assert (record["VM"], record["persistence_backend"], record["is_protected"]) == (vm, "xapi", False)
    assert record["allowed_operations"] == ["destroy"]
    assert lab.vm(vm)["VTPMs"] == [tpm]
    assert await lab.fails("VTPM.create", vm, False) == ["VTPM_MAX_AMOUNT_REACHED", "1"]
    await lab.call("VTPM.destroy", tpm)
    assert lab.vm(vm)["VTPMs"] == []
    assert await lab.fails("VTPM.destroy", tpm) == ["HANDLE_INVALID", "VTPM", tpm]


async def test_a_running_vm_keeps_its_tpm(lab: Lab) -> None:
    vm = await lab.new_vm()
    tpm = await lab.call("VTPM.create", vm, True)
    await lab.call("VM.start", vm, False, False)
    refusal = ["VM_BAD_POWER_STATE", vm, "halted", "running"]
    assert await lab.fails("VTPM.create", vm, False) == refusal
    assert await lab.fails("VTPM.destroy", tpm) == refusal
    await lab.call("VM.hard_shutdown", vm)
    await lab.call("VM.destroy", vm)
    assert not lab.db.exists("VTPM", tpm)
