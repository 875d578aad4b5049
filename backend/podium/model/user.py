"""Users: people and programs that sign in."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Maybe, Resource, XoObject
from podium.model.task import Json

Permission = Literal["admin", "none"]


class User(XoObject, frozen=True, kw_only=True, gc=False, rename={"auth_providers": "authProviders"}):
    """A user. `email` is `name` once more (deprecated in Xen Orchestra); `groups` are ids.

    `pw_hash` only says that there is a password here: it is always masked. `authProviders`: who vouches for the user
    instead ("oidc", "ldap"), and by which id.
    """

    name: str
    email: str
    permission: Permission
    groups: tuple[str, ...]
    preferences: dict[str, Json]
    pw_hash: Literal["***obfuscated***"] | Maybe = UNSET
    auth_providers: dict[str, Json] | Maybe = UNSET


RESOURCES = (Resource(type="user", collection="users", struct=User, privilege="user", title="user"),)
