"""`viewAs=<user id>`, or the header X-View-As: an administrator reads as somebody else would; the answer says so."""

from typing import Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.api.auditing import viewing_as
from podium.api.credentials import SAFE_METHODS
from podium.errors import Forbidden
from podium.services.rights.rights import Rights
from podium.services.sessions import Session
from podium.services.users import Users
from podium.services.view_as import ViewedAs

HEADER: Final = "x-view-as"
ANSWERED: Final = "x-viewing-as"
_QUESTION: Final = "/rest/v0/can"
_KEY: Final = "podium.viewing_as"


def wanted(request: Request) -> str | None:
    """Whose eyes are asked for."""
    return request.query_params.get("viewAs") or request.headers.get(HEADER)


async def seen_as(request: Request, session: Session, user_id: str) -> Session:
    """The session with that user's eyes. Raises NotFound; Forbidden for writes, and for whoever is no administrator.

    A file is no look: what it costs would be the other user's.
    """
    if not session.viewer.is_admin:
        raise Forbidden("only administrators view as somebody else")
    path = request.url.path
    reads = request.method in SAFE_METHODS and "." not in path.rpartition("/")[2]
    if not reads and path != _QUESTION:
        raise Forbidden("viewing as somebody else only reads: nothing is done in his name")
    users: Users = request.app.state.users
    user = users.get(user_id)
    rights: Rights = request.app.state.rights
    await viewing_as(request, user.id)
    request.scope[_KEY] = user.id
    return session.seen_by(ViewedAs(rights.of_user(user), session.viewer))


class ViewAs:
    """Pure ASGI: names in the answer whose eyes it was made for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _may_ask(scope):
            await self._app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and _KEY in scope:
                MutableHeaders(scope=message)[ANSWERED] = scope[_KEY]
            await send(message)

        await self._app(scope, receive, named)


def _may_ask(scope: Scope) -> bool:
    return b"viewAs=" in scope["query_string"] or any(name == HEADER.encode() for name, _ in scope["headers"])
