"""What a pool reported, as the error it was: to be raised where somebody waits for its connection."""

from podium.errors import (
    CertificateUntrusted,
    NotAXenServer,
    PodiumError,
    PoolAlreadyConnected,
    PoolChanged,
    PoolError,
    PoolRefused,
    PoolUnreachable,
)
from podium.watch.state import Trouble


def error_of(trouble: Trouble) -> PodiumError:
    """The error behind `trouble`."""
    data = trouble.data
    if trouble.code == PoolAlreadyConnected.code:
        return PoolAlreadyConnected(str(data.get("poolId", "")), str(data.get("serverId", "")))
    if trouble.code == CertificateUntrusted.code:
        return CertificateUntrusted(
            trouble.detail, fingerprint=str(data.get("fingerprint", "")), reason=str(data.get("reason", ""))
        )
    for kind in (PoolUnreachable, PoolRefused, PoolChanged, NotAXenServer):
        if trouble.code == kind.code:
            return kind(trouble.detail)
    return PoolError(trouble.detail)
