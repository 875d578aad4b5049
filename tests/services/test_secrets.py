"""The secret box and the secret's file."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from podium.errors import Unavailable
from podium.services.secrets import SecretBox, derive_key, load_secret
from tests.conftest import make_settings


def test_what_is_sealed_opens_only_with_the_same_secret_in_the_same_context() -> None:
    box = SecretBox("one secret of many")
    sealed = box.seal("pässword", context="server:1:password")
    assert "pässword".encode() not in sealed
    assert box.open(sealed, context="server:1:password") == "pässword"
    assert box.seal("pässword", context="server:1:password") != sealed
    for other, context in ((box, "server:2:password"), (SecretBox("another secret!!"), "server:1:password")):
        with pytest.raises(Unavailable):
            other.open(sealed, context=context)


@pytest.mark.parametrize("spoilt", [b"", b"\x01", b"\x02" + b"x" * 40, b"\x01" + b"x" * 40])
def test_what_was_altered_does_not_open(spoilt: bytes) -> None:
    with pytest.raises(Unavailable):
        SecretBox("one secret of many").open(spoilt, context="")


def test_keys_of_different_purposes_differ() -> None:
    assert derive_key("s", "a") != derive_key("s", "b") != derive_key("t", "b")
    assert len(derive_key("s", "a")) == 32


def test_the_secret_is_made_once_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "data", secret_key=None)
    first = load_secret(settings)
    assert len(first) >= 48
    assert load_secret(settings) == first
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]


def test_a_secret_that_others_can_read_is_reported(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, secret_key=None)
    load_secret(settings)
    (tmp_path / "secret.key").chmod(0o644)
    with capture_logs() as logs:
        load_secret(settings)
    assert "can be read by others" in logs[0]["event"]


def test_the_environment_wins(tmp_path: Path) -> None:
    assert load_secret(make_settings(tmp_path, secret_key=SecretStr("from the environment"))) == "from the environment"
    assert not (tmp_path / "secret.key").exists()
