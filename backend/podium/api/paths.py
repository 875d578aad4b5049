"""`/rest/v0/vms/` is `/rest/v0/vms`, as in Xen Orchestra."""

from starlette.types import ASGIApp, Receive, Scope, Send


class TrailingSlash:
    """Takes it off. A redirect would do, but not behind a proxy that hides our scheme, and not for every client."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # in the raw path, for one that is percent-encoded belongs to a name
        if scope["type"] == "http" and scope["path"].startswith("/rest/") and scope["raw_path"].endswith(b"/"):
            scope = {**scope, "path": scope["path"].rstrip("/")}
        await self._app(scope, receive, send)
