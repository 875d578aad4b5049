"""Channels: one channel per kind of follower, found by what it selects."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from podium.cache.fields import parse_fields
from podium.cache.filter import parse_filter
from podium.cache.objects import Objects
from podium.errors import InvalidParameters
from podium.stream.channel import Channel, Selection
from podium.stream.hub import Hub
from podium.stream.view import View

MOST_SEARCHES: Final = 20
"""Bare words and regular expressions in one stream's filter: it sees every change, not only what a list holds once."""
KEPT: Final = 64
"""Channels kept for a while after their last follower left, so that a reconnect finds its frames made."""


class Channels:
    """Makes each channel once, and keeps it while somebody follows it."""

    def __init__(self, *, objects: Objects, hub: Hub) -> None:
        self._objects = objects
        self._hub = hub
        self._encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
        self._known: WeakValueDictionary[Selection, Channel] = WeakValueDictionary()
        self._recent: OrderedDict[Selection, Channel] = OrderedDict()

    def get(self, selection: Selection, view: View) -> Channel:
        """The channel of a selection. `view` must be the one that `selection.view` names.

        Raises FilterSyntax, and InvalidParameters for a filter that costs too much with each change.
        """
        channel = self._known.get(selection)
        if channel is None:
            matcher = parse_filter(selection.filter) if selection.filter.strip() else None
            if matcher is not None and matcher.searches > MOST_SEARCHES:
                raise InvalidParameters(
                    f"the filter of a stream has at most {MOST_SEARCHES} bare words and regular expressions: "
                    "name the property to look at, like name_label:|(a b)"
                )
            channel = self._known[selection] = Channel(
                selection,
                objects=self._objects,
                hub=self._hub,
                view=view,
                matcher=matcher,
                picker=None if selection.fields is None else parse_fields(",".join(selection.fields)),
                encode=self._encode,
            )
        self._recent[selection] = channel
        self._recent.move_to_end(selection)
        if len(self._recent) > KEPT:
            self._recent.popitem(last=False)
        return channel

    def renewing(self, channel: Channel, look: Callable[[], tuple[str, View]]) -> Callable[[], Channel]:
        """The channel of the same selection for the view that `look` gives at the moment, with its key."""
        current = channel

        def renewed() -> Channel:
            nonlocal current
            key, view = look()
            if key != current.selection.view:
                current = self.get(msgspec.structs.replace(current.selection, view=key), view)
            return current

        return renewed
