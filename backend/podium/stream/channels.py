"""Channels: one channel per kind of follower, found by what it selects."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from podium.cache.fields import parse_fields
from podium.cache.filter import parse_filter
from podium.cache.objects import Objects
from podium.stream.channel import Channel, Selection, View
from podium.stream.hub import Hub

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

        Raises FilterSyntax.
        """
        channel = self._known.get(selection)
        if channel is None:
            channel = self._known[selection] = Channel(
                selection,
                objects=self._objects,
                hub=self._hub,
                view=view,
                matcher=parse_filter(selection.filter) if selection.filter.strip() else None,
                picker=None if selection.fields is None else parse_fields(",".join(selection.fields)),
                encode=self._encode,
            )
        self._recent[selection] = channel
        self._recent.move_to_end(selection)
        if len(self._recent) > KEPT:
            self._recent.popitem(last=False)
        return channel
