"""Servers: the addresses of pools, with what is known of the connection."""

from typing import Literal

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe, Resource, XoObject
from podium.model.task import Json

ServerStatus = Literal["connected", "connecting", "disconnected"]
ServerState = Literal["connecting", "connected", "stale", "disconnected", "refused"]
CertificateMode = Literal["verified", "pinned", "unverified"]


class ServerError(msgspec.Struct, frozen=True, gc=False):
    """Why the connection does not work. `code` is stable (`pool-unreachable`), `message` is for people."""

    code: str
    message: str
    detail: Json | Maybe = UNSET


class Server(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "http_proxy": "httpProxy",
        "allow_unauthorized": "allowUnauthorized",
        "read_only": "readOnly",
        "pool_id": "poolId",
        "pool_name_label": "poolNameLabel",
        "pool_name_description": "poolNameDescription",
        "pool_members_addresses": "poolMembersAddresses",
        "state_since": "stateSince",
        "last_answer": "lastAnswer",
        "events_per_second": "eventsPerSecond",
        "product_version": "productVersion",
        "certificate_fingerprint": "certificateFingerprint",
        "certificate_mode": "certificateMode",
    },
):
    """An address of a pool, without its password. Xen Orchestra's members first, then ours.

    `host` is what the user typed; `master` is the id of the pool's coordinator. `status` says in Xen Orchestra's words
    what `state` says in ours. `state_since` and `last_answer` are ms since 1970, `latency` is ms.
    """

    host: str
    label: str | Maybe = UNSET
    username: str
    http_proxy: str | Maybe = UNSET
    allow_unauthorized: bool
    read_only: bool
    enabled: bool
    status: ServerStatus
    error: ServerError | Maybe = UNSET
    pool_id: str | Maybe = UNSET
    master: str | Maybe = UNSET
    pool_name_label: str | Maybe = UNSET
    pool_name_description: str | Maybe = UNSET
    pool_members_addresses: tuple[str, ...] | Maybe = UNSET
    state: ServerState | Maybe = UNSET
    state_since: int | Maybe = UNSET
    last_answer: int | Maybe = UNSET
    latency: int | float | Maybe = UNSET
    events_per_second: int | float | Maybe = UNSET
    product_version: str | Maybe = UNSET
    certificate_fingerprint: str | Maybe = UNSET
    certificate_mode: CertificateMode | Maybe = UNSET


STATUS: dict[ServerState, ServerStatus] = {
    "connecting": "connecting",
    "connected": "connected",
    "stale": "connecting",
    "disconnected": "disconnected",
    "refused": "disconnected",
}
"""Our states in Xen Orchestra's three words. Stale: the pool is silent and the connection is being made again."""

RESOURCES = (Resource(type="server", collection="servers", struct=Server, privilege="server", title="server"),)
