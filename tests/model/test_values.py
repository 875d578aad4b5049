"""Numbers, dates, XML and secrets out of XenServer's text."""

import pytest
from msgspec import UNSET

from podium.model.dates import timestamp
from podium.model.numbers import integer, number, version
from podium.model.secrets import OBFUSCATED, obfuscate
from podium.model.xml import parse, tree, unsupported_firmwares


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" 12 ", 12),
        ("-1", -1),
        ("1792770459.", 1792770459),
        ("2394.375", 2394.375),
        ("1e3", 1000),
        ("", None),
        (None, None),
        ("abc", None),
        ("NaN", None),
        ("Infinity", None),
        ("-inf", None),
        ("1_000", None),
        ("9" * 400, None),
        ("0x10", None),
    ],
)
def test_numbers(text: str | None, value: float | None) -> None:
    assert number(text) == value


def test_a_number_that_is_not_whole_is_no_integer() -> None:
    assert integer("2.5") is UNSET
    assert integer("2.0") == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [("3.4.0", (3, 4, 0)), ("8.3.0-rc1", (8, 3, 0)), ("3.10", (3, 10)), ("", ()), ("x.1", ()), ("7.x", (7,))],
)
def test_versions(text: str, parts: tuple[int, ...]) -> None:
    assert version(text) == parts


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20261122T15:06:10Z", 1795359970),
        ("2026-11-22T15:06:10Z", 1795359970),
        ("20261122T16:06:10+01:00", 1795359970),
        ("20261122T15:06:10", 1795359970),
        ("1792770459.", 1792770459),
        ("19700101T00:00:00Z", None),
        ("0", None),
        ("", None),
        (None, None),
        ("yesterday", None),
        ("20269999T15:06:10Z", None),
        ("NaN", None),
    ],
)
def test_dates_are_whole_seconds_and_never_is_null(text: str | None, seconds: int | None) -> None:
    assert timestamp(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "no xml",
        "<a><b></a>",
        "<a/><b/>",
        '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><a/>',
        "<a>\x00</a>",
        "<a>&#xD800;</a>",
    ],
)
def test_bad_or_hostile_xml_is_no_xml(text: str | None) -> None:
    assert parse(text) is None


def test_firmwares_that_a_template_excludes() -> None:
    text = (
        '<restrictions><restriction field="supports-bios" value="no"/><restriction field="supports-uefi" value="yes"/>'
        '<restriction property="number-of-vbds" max="255"/><restriction field="vcpus-max" max="32"/></restrictions>'
    )
    assert unsupported_firmwares(text) == {"bios"}
    assert unsupported_firmwares("<restrictions") == frozenset()


def test_xml_as_json() -> None:
    assert tree("<a><b>1</b><c x='2'>t</c><d/><b>3</b><b>4</b></a>") == (
        "a",
        {"b": ["1", "3", "4"], "c": {"x": "2"}, "d": ""},
    )


def test_xml_deeper_than_anybody_reads_is_cut() -> None:
    assert tree("<a>" * 5000 + "</a>" * 5000) is not None


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "cifspassword",
        "chappassword",
        "incoming_chappassword",
        "password_secret",
        "Passphrase",
        "secret_key",
        "authToken",
        "encryptionKey",
        "private-key",
        "credentials",
        "PASSWD",
    ],
)
def test_secrets_are_masked(key: str) -> None:
    assert obfuscate({key: "x", "server": "10.0.0.1"}) == {key: OBFUSCATED, "server": "10.0.0.1"}


def test_a_map_without_secrets_is_handed_on_as_it_is() -> None:
    config = {"server": "10.0.0.1", "serverpath": "/export", "SCSIid": "36", "targetIQN": "iqn", "chapuser": "u"}
    assert obfuscate(config) is config
