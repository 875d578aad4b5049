"""Addresses as people write them."""

import pytest

from podium.xapi.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", Address("https", "10.0.0.1", 443)),
        (" xcp.example.org ", Address("https", "xcp.example.org", 443)),
        ("xcp:8443", Address("https", "xcp", 8443)),
        ("http://xcp", Address("http", "xcp", 80)),
        ("https://xcp:1/", Address("https", "xcp", 1)),
        ("2001:db8::1", Address("https", "2001:db8::1", 443)),
        ("[2001:db8::1]:8443", Address("https", "2001:db8::1", 8443)),
        ("HTTPS://XCP", Address("https", "XCP", 443)),
        ("http://[::1]", Address("http", "::1", 80)),
    ],
)
def test_forms(text: str, expected: Address) -> None:
    assert parse_address(text) == expected
    assert parse_address(expected.url) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "://",
        "ftp://x",
        "http://",
        "a b",
        "x:0",
        "x:65536",
        "x:y",
        "user:pw@x",
        "x/path",
        "[nonsense]",
        "x\n",
        "x?y",
        "..",
        "a..b",
        "x" * 64,
    ],
)
def test_what_is_no_address(text: str) -> None:
    if text == "x\n":  # white space around is forgiven
        assert parse_address(text).host == "x"
        return
    with pytest.raises(ValueError, match=r"."):
        parse_address(text)


def test_members_are_reached_through_the_same_door() -> None:
    assert parse_address("http://a:81").at("[::2]").url == "http://[::2]:81"
