"""A server as clients see it: what is stored of it, and the state of its connection."""

import re
from typing import Final, Protocol

from msgspec import UNSET

from podium.model.server import STATUS, CertificateMode, Server, ServerError
from podium.watch.state import State, Trouble, WatchState
from podium.xapi.address import parse_address

_PROXY_PASSWORD: Final = re.compile(r"(://[^:/@]*:).*@")


class Stored(Protocol):
    """What is needed of a stored server: everything but its secrets."""

    id: str
    host: str
    username: str
    label: str | None
    allow_unauthorized: bool
    read_only: bool
    enabled: bool
    fingerprint: str | None
    pool_label: str | None
    pool_description: str | None


def server_object(stored: Stored, state: WatchState, *, proxy: str | None, trouble: Trouble | None = None) -> Server:
    """`proxy` with its password masked; `trouble` beside what the connection itself reports."""
    error = trouble or state.trouble
    away = state.state is State.DISCONNECTED
    label = state.pool_label or stored.pool_label or ""
    return Server(
        id=stored.id,
        host=stored.host,
        label=stored.label or label or UNSET,
        username=stored.username,
        http_proxy=UNSET if proxy is None else proxy,
        allow_unauthorized=stored.allow_unauthorized,
        read_only=stored.read_only,
        enabled=stored.enabled,
        status=STATUS[state.state.value],
        error=UNSET if error is None else ServerError(error.code, error.detail or error.message, error.data or UNSET),
        pool_id=UNSET if away or state.pool_id is None else state.pool_id,
        master=UNSET if away or state.master is None else state.master,
        pool_name_label=label or UNSET,
        pool_name_description=state.pool_description or stored.pool_description or UNSET,
        pool_members_addresses=UNSET if away or not state.members else state.members,
        state=state.state.value,
        state_since=int(state.since * 1000),
        last_answer=UNSET if state.last_answer is None else int(state.last_answer * 1000),
        latency=UNSET if state.latency_ms is None else state.latency_ms,
        events_per_second=UNSET if away else state.events_per_s,
        product_version=state.product_version or UNSET,
        certificate_fingerprint=state.certificate_fingerprint or stored.fingerprint or UNSET,
        certificate_mode=_certificate_mode(stored) or UNSET,
    )


def masked_proxy(proxy: str) -> str:
    """`http://user:***@host:port`."""
    return _PROXY_PASSWORD.sub(r"\1***@", proxy, count=1)


def _certificate_mode(stored: Stored) -> CertificateMode | None:
    if parse_address(stored.host).scheme != "https":
        return None
    if stored.allow_unauthorized:
        return "unverified"
    return "verified" if stored.fingerprint is None else "pinned"
