"""What Xen Orchestra keeps about a VM in its `other_config`."""

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe


class Creation(msgspec.Struct, frozen=True, gc=False):
    """Who made the VM, when and from what, as the tool that made it noted."""

    date: str | int | float | Maybe | None = UNSET
    template: str | Maybe | None = UNSET
    user: str | Maybe | None = UNSET


class _XoData(msgspec.Struct, frozen=True, gc=False):
    creation: Creation | Maybe = UNSET


_XO_DATA = msgspec.json.Decoder(_XoData)
_STRING = msgspec.json.Decoder(str)


def creation(text: str | None) -> Creation | Maybe:
    """From the JSON that Xen Orchestra keeps in the VM's `other_config`."""
    if text is None:
        return UNSET
    try:
        return _XO_DATA.decode(text).creation
    except (msgspec.DecodeError, RecursionError):
        return UNSET


def resource_set(text: str | None) -> str | Maybe:
    """The id of the self-service resource set that the VM belongs to, from its JSON."""
    if text is None:
        return UNSET
    try:
        return _STRING.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return UNSET
