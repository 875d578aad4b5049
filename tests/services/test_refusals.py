"""Refusals: what pools answer, as errors that people understand, in both languages."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from podium.api.problems import status_of
from podium.errors import NotFound, NotSupported, OperationInProgress, PodiumError, PoolError
from podium.model.base import PoolObject
from podium.services.refusal_table import TABLE, refusal
from podium.services.refusal_table.others import OTHERS
from podium.services.refusal_table.words import SIZES, VOCABULARY
from podium.services.refusals import filled, refusal_of, words_of
from podium.xapi.errors import XapiError

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared/xapi"
documented = pytest.mark.skipif(not SHARED.exists(), reason="the descriptions of XAPI are not beside this repository")

HOLE = re.compile(r"\{(\d+)\}")
ALL = {**TABLE, **OTHERS}
NAMES = {"OpaqueRef:vm": "web-1", "OpaqueRef:sr": "nfs, the old one", "OpaqueRef:host": "host-a"}


def holes(text: str) -> set[int]:
    return {int(found) for found in HOLE.findall(text)}


def failed(code: str, *params: str, about: PoolObject | None = None) -> PodiumError:
    return refusal_of(XapiError(code, params), about, NAMES.get)


def vm() -> PoolObject:
    return PoolObject(id="vm-id", uuid="vm-id", type="VM", pool="pool-id", pool_id="pool-id", xapi_ref="OpaqueRef:vm")


def test_a_code_has_a_sentence_in_each_language_with_the_same_words() -> None:
    for code, row in TABLE.items():
        assert row.en[-1] in ".}", code
        assert row.fr[-1] in ".}", code
        assert holes(row.en) == holes(row.fr), code
        assert not re.search(r"[@|{}\\]", HOLE.sub("", row.en + row.fr)), f"vue-i18n takes these for its own: {code}"


@pytest.mark.parametrize("count", [0, 1, 6])
def test_a_sentence_is_whole_whatever_xapi_says(count: int) -> None:
    params = tuple(f"<{at}>" for at in range(count))
    for code in ALL:
        error = failed(code, *params)
        assert re.fullmatch(r"\S+( \S+)*", str(error)), code
        assert not re.search(r"[{}]|:$", str(error)), code
        assert error.xapi is not None
        assert (error.xapi.code, error.xapi.params) == (code, params)


@documented
def test_every_code_that_people_meet_is_there() -> None:
    chapter = (SHARED / "PROTOCOL.md").read_text().split("## 9. Error catalogue")[1].split("## 10.")[0]
    codes = set(re.findall(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b", chapter))
    assert len(codes) > 80
    assert not codes - TABLE.keys()


@documented
def test_no_sentence_speaks_of_a_parameter_that_there_is_not() -> None:
    errors = json.loads((SHARED / "errors.json").read_text())["errors"]
    described = {code: len(errors[code]["args"]) for code in TABLE.keys() & errors.keys()}
    assert not {code for code, count in described.items() if any(at >= count for at in holes(TABLE[code].en))}


@documented
def test_every_code_of_xapi_is_described() -> None:
    known = json.loads((SHARED / "errors.json").read_text())
    assert not {*known["errors"], *known["undocumented_codes"]} - ALL.keys()
    assert not TABLE.keys() & OTHERS.keys()


@documented
def test_what_real_pools_answered_is_understood() -> None:
    """Every failure of the recordings: none of them comes out as an unknown one."""
    text = "\n".join(path.read_text() for path in sorted((SHARED / "wire").glob("*.json")))
    met = set(re.findall(r"\bErrorDescription\W+([A-Z]+_[A-Z_0-9]+)\b", text))
    met |= set(re.findall(r"\bmessage\W+([A-Z]+_[A-Z_0-9]+)\b", text))
    assert len(met) > 30
    assert not {code for code in met if refusal(code) is None}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("VM_BAD_POWER_STATE", 409),
        ("OTHER_OPERATION_IN_PROGRESS", 409),
        ("NO_HOSTS_AVAILABLE", 409),
        ("HOST_NOT_ENOUGH_FREE_MEMORY", 409),
        ("SR_FULL", 409),
        ("SR_BACKEND_FAILURE_44", 409),
        ("HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN", 409),
        ("SR_HAS_NO_PBDS", 409),
        ("HOST_NOT_DISABLED", 409),
        ("TASK_CANCELLED", 409),
        ("HANDLE_INVALID", 404),
        ("UUID_INVALID", 404),
        ("MAC_INVALID", 422),
        ("VLAN_TAG_INVALID", 422),
        ("INVALID_VALUE", 422),
        ("MEMORY_CONSTRAINT_VIOLATION_ORDER", 422),
        ("SR_BACKEND_FAILURE_102", 422),
        ("SR_OPERATION_NOT_SUPPORTED", 501),
        ("LICENCE_RESTRICTION", 501),
        ("XENAPI_MISSING_PLUGIN", 501),
        ("MESSAGE_METHOD_UNKNOWN", 501),
        ("INTERNAL_ERROR", 502),
        ("RBAC_PERMISSION_DENIED", 502),
        ("SR_BACKEND_FAILURE_73", 502),
        ("SR_BACKEND_FAILURE_9999", 502),
        ("SOMETHING_NEW", 502),
        ("HOST_STILL_BOOTING", 503),
        ("TOO_MANY_PENDING_TASKS", 503),
    ],
)
def test_the_status_of_a_code(code: str, status: int) -> None:
    assert status_of(type(failed(code, "a", "b"))) == status


def test_objects_are_spoken_of_by_their_names() -> None:
    error = failed("VM_REQUIRES_SR", "OpaqueRef:vm", "OpaqueRef:sr")
    assert str(error) == "web-1 needs the storage repository nfs, the old one, which the host does not see."
    assert error.all_members() == {
        "xapi_code": "VM_REQUIRES_SR",
        "xapi_params": ["OpaqueRef:vm", "OpaqueRef:sr"],
        "words": ["web-1", "nfs, the old one"],
    }


def test_words_hold_no_refs() -> None:
    params = ("OpaqueRef:gone", "VBD 'x' still attached to OpaqueRef:vm", "OpaqueRef:NULL", "1200.", "hard_shutdown")
    words = words_of(XapiError("OPERATION_NOT_ALLOWED", params), NAMES.get)
    assert words == ("?", "VBD 'x' still attached to web-1", "?", "1200", "forced shutdown")


def test_states_and_sizes_are_words() -> None:
    error = failed("VM_BAD_POWER_STATE", "OpaqueRef:vm", "halted, suspended", "running")
    assert str(error) == "web-1 must be halted or suspended for that, and it is running."
    full = failed("SR_FULL", "1610612736", "0")
    assert full.xapi is not None
    assert full.xapi.words == ("1.5 GiB", "0 B")
    assert not SIZES.keys() - TABLE.keys()


def test_what_is_under_way_is_named() -> None:
    busy = failed("OTHER_OPERATION_IN_PROGRESS", "VM", "OpaqueRef:vm", "clean_shutdown", "OpaqueRef:task")
    assert isinstance(busy, OperationInProgress)
    assert busy.members() == {"data": {"operation": "clean_shutdown"}}
    assert str(busy) == "web-1 is busy: clean shutdown is under way. Wait for its end and try again."
    enabling = failed("HA_ENABLE_IN_PROGRESS")
    assert isinstance(enabling, OperationInProgress)
    assert enabling.operation == "ha_enable"


def test_why_vms_cannot_leave_a_host_is_said_in_sentences() -> None:
    error = failed("CANNOT_EVACUATE_HOST", "VM_REQUIRES_SR,OpaqueRef:vm,OpaqueRef:sr|VM_HAS_VUSBS,OpaqueRef:vm|ODD,1")
    assert str(error) == (
        "The host cannot be emptied: web-1 needs the storage repository nfs, the old one, which the host does not see. "
        "web-1 has USB devices passed through: detach them first. ODD,1"
    )


def test_a_driver_says_what_went_wrong_in_its_own_words() -> None:
    missing = failed("SR_BACKEND_FAILURE_102", "", "The request is missing the server parameter", "<xml/>")
    assert str(missing) == "Say the address of the server (server): The request is missing the server parameter"
    assert str(failed("SR_BACKEND_FAILURE_73")) == "The NFS export could not be mounted."
    assert str(failed("SR_BACKEND_FAILURE_9999", "", "boom", "")) == "The storage failed: boom"
    assert len(str(failed("SR_BACKEND_FAILURE_73", "", "x" * 5000, ""))) < 600


def test_an_unknown_failure_is_told_as_far_as_it_goes() -> None:
    assert str(failed("SOMETHING_NEW", "a", "", "OpaqueRef:vm")) == "The pool refuses: something new (a, web-1)"
    assert str(failed("SOMETHING_NEW")) == "The pool refuses: something new"
    assert str(failed("WLB_URL_INVALID", "x:y")) == "The WLB URL is invalid. (x:y)"


def test_braces_in_words_are_no_places() -> None:
    assert filled("{0} and {1}", ("{1}", "b")) == "{1} and b"


def test_the_object_itself_is_gone() -> None:
    gone = failed("HANDLE_INVALID", "VM", "OpaqueRef:vm", about=vm())
    assert isinstance(gone, NotFound)
    assert gone.members() == {"data": {"id": "vm-id", "type": "VM"}}


def test_another_object_than_the_one_meant_is_gone() -> None:
    gone = failed("HANDLE_INVALID", "SR", "OpaqueRef:other", about=vm())
    assert isinstance(gone, NotFound)
    assert str(gone) == "This storage repository does not exist any more."
    assert gone.members() == {"data": {"id": "", "type": "SR"}}
    unknown = failed("UUID_INVALID", "VM", "nope")
    assert unknown.members() == {"data": {"id": "nope", "type": "VM"}}


def test_plugins_speak_for_themselves() -> None:
    assert str(failed("-1", "yum is busy", "", about=vm())) == "yum is busy"
    assert type(failed("-1", "yum is busy", "")) is PoolError
    assert isinstance(failed("XENAPI_MISSING_PLUGIN", "updater.py", about=vm()), NotSupported)


def test_the_vocabulary_has_both_languages() -> None:
    assert all(english and french for english, french in VOCABULARY.values())


def test_the_web_client_has_these_sentences() -> None:
    check = [sys.executable, str(ROOT / "tools/gen_refusals.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
