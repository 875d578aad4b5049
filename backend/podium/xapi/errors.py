"""XapiError: a failure that XAPI itself reports, and the codes Podium acts upon."""

from typing import Final


class XapiError(Exception):
    """A XAPI failure. `code` and `params` are XAPI's own; not a PodiumError, for it never reaches a client as it is."""

    def __init__(self, code: str, params: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}({', '.join(params)})")
        self.code = code
        self.params = params


class XapiTransportError(Exception):
    """No usable answer: refused, cut, timed out, or not XAPI's language. Whether the call took effect is unknown."""


class XapiGarbage(XapiTransportError):
    """Something answered, but not as XAPI does."""


HOST_IS_SLAVE: Final = "HOST_IS_SLAVE"
SESSION_INVALID: Final = "SESSION_INVALID"
EVENTS_LOST: Final = "EVENTS_LOST"
HOST_STILL_BOOTING: Final = "HOST_STILL_BOOTING"
MESSAGE_REMOVED: Final = "MESSAGE_REMOVED"
HANDLE_INVALID: Final = "HANDLE_INVALID"
PLUGIN_FAILED: Final = "-1"
"""What XCP-ng's plugins fail with, their words first (xcp-ng-xapi-plugins, xcpngutils `error_wrapped`)."""

MISSING_PLUGINS: Final = frozenset({"XENAPI_MISSING_PLUGIN", "UNKNOWN_XENAPI_PLUGIN_FUNCTION"})
"""The host has no such plugin, or an older one without that function."""
SESSION_OVER: Final = frozenset({SESSION_INVALID, HOST_IS_SLAVE})
"""Answers that only another session can change; the watcher is about to begin one."""

REFUSALS: Final = frozenset({"SESSION_AUTHENTICATION_FAILED", "SESSION_AUTHORIZATION_FAILED", "RBAC_PERMISSION_DENIED"})
"""Answers to a login that only a human can change."""
