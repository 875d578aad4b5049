"""Entry: what is encoded once is what every reader gets, whatever the id looks like."""

import json

import pytest

from podium.cache.entry import Entry
from tests.stream.things import THING, thing


@pytest.mark.parametrize("object_id", ["0b2b-7f", "OpaqueRef:1-2", 'a"b', "ä/ö?#", "a b\n", "\\", "\u2028", ""])
def test_the_body_is_json_with_and_without_its_address(object_id: str) -> None:
    entry = Entry.of(THING, thing(object_id, name='x"y'), 1)
    body = json.loads(entry.body)
    assert body.pop("href") == entry.href
    assert json.loads(entry.plain) == body
    assert json.loads(b"{" + entry.members) == body
    assert body["id"] == object_id
    assert "/" not in entry.href.removeprefix("/rest/v0/things/")
    stored = Entry(THING, object_id, "p1", entry.body, 0)
    assert stored.object == entry.object
