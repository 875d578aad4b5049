"""Who makes this request: the dependencies that routes ask for."""

from typing import Annotated

from fastapi import Depends, Request

from podium.api.credentials import SAFE_METHODS, client_address, credentials, require_same_site
from podium.errors import Unauthorized
from podium.services.access import Viewer
from podium.services.auth import Auth, Password
from podium.services.sessions import Session


async def current_session(request: Request) -> Session:
    """The proven login of this request. Streams watch its `over()`.

    Raises Unauthorized, BadRequest, TooManyAttempts, and CrossSite when what a browser sends whoever asks it to (a
    cookie, or the password that was typed into its dialog) would change something.
    """
    found = credentials(request)
    if found is None:
        raise Unauthorized("sign in, or send a token")
    by_itself = isinstance(found, Password) or found.from_cookie
    if by_itself and request.method not in SAFE_METHODS:
        require_same_site(request)
    auth: Auth = request.app.state.auth
    return await auth.authenticate(found, address=client_address(request))


async def current_viewer(session: Annotated[Session, Depends(current_session)]) -> Viewer:
    return session.viewer


CurrentSession = Annotated[Session, Depends(current_session)]
CurrentViewer = Annotated[Viewer, Depends(current_viewer)]
