"""What a pool reported, as the error it was: to be raised where somebody waits for its connection or its answer."""

from podium.errors import (
    CertificateUntrusted,
    NotAXenServer,
    NotFound,
    NotSupported,
    PodiumError,
    PoolAlreadyConnected,
    PoolChanged,
    PoolError,
    PoolRefused,
    PoolUnreachable,
)
from podium.model.base import PoolObject
from podium.watch.state import Trouble
from podium.xapi.errors import HANDLE_INVALID, MISSING_PLUGINS, PLUGIN_FAILED, XapiError


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


def refusal_of(error: XapiError, about: PoolObject) -> PodiumError:
    """A failure that a pool answered to a call about an object, as this object's readers may know it."""
    if error.code == HANDLE_INVALID:
        return NotFound(about.type, about.id)  # it went a moment ago
    if error.code in MISSING_PLUGINS:
        return NotSupported(f"the {about.type} {about.id} has no plugin for that: {error}")
    detail = error.params[0] if error.code == PLUGIN_FAILED and error.params else str(error)
    return PoolError(detail, xapi_code=error.code, xapi_params=error.params)
