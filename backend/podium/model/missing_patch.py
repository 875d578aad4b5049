"""Packages that a host lacks, as it tells when it is asked: no objects of the pool, so the cache holds none of them."""

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe


class Changelog(msgspec.Struct, frozen=True, kw_only=True):
    """The newest entry of a package's changelog. `date` is seconds."""

    author: str = ""
    date: int | Maybe = UNSET
    description: str = ""


class MissingPatch(msgspec.Struct, frozen=True, kw_only=True):
    """A package of which XCP-ng's repositories have a newer version than the host. `size` is bytes."""

    name: str
    version: str
    release: str
    description: str
    license: str
    size: int
    url: str
    changelog: Changelog | Maybe = UNSET
