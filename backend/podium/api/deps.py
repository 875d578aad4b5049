"""Who makes this request: the dependencies that routes ask for."""

import re
from typing import Annotated, Final

from fastapi import Depends, Request

from podium.api import view_as
from podium.api.auditing import authenticated
from podium.api.credentials import SAFE_METHODS, client_address, credentials, require_same_site
from podium.errors import Forbidden, TokenReadOnly, Unauthorized
from podium.services.access import Viewer
from podium.services.auth import Auth, Password
from podium.services.sessions import Session

_READS_BY_POST: Final = re.compile(r"/rest/v0/(?:events/[^/]+/subscriptions(?:/[^/]+)?|can)/?")
"""What is asked by POST, or ends a question by DELETE, and changes nothing."""


async def current_session(request: Request) -> Session:
    """The proven login of this request. Streams watch its `over()`.

    Raises Unauthorized, BadRequest, TooManyAttempts, and CrossSite when what a browser sends whoever asks it to (a
    cookie, or the password that was typed into its dialog) would change something. SecondFactorRequired when one must
    be set up first; TokenReadOnly when the token is not for changes.
    """
    return await _session(request, enrolling=False)


async def enrolling_session(request: Request) -> Session:
    """As `current_session`, also for whoever has yet to set up the second factor he must have: the way to do so."""
    return _whole(await _session(request, enrolling=True))


async def whole_session(request: Request) -> Session:
    """As `current_session`, but not with a token that does less than its user may: it must not make itself another."""
    return _whole(await _session(request, enrolling=False))


def _whole(session: Session) -> Session:
    if session.is_narrow:
        raise Forbidden("this token was made for less than what its user may do: it does not manage his account")
    return session


async def _session(request: Request, *, enrolling: bool) -> Session:
    found = credentials(request)
    if found is None:
        raise Unauthorized("sign in, or send a token")
    by_itself = isinstance(found, Password) or found.from_cookie
    if by_itself and request.method not in SAFE_METHODS:
        require_same_site(request)
    auth: Auth = request.app.state.auth
    session = await auth.authenticate(found, address=client_address(request), enrolling=enrolling)
    await authenticated(request, session)
    if session.reads_only and request.method not in SAFE_METHODS and not _READS_BY_POST.fullmatch(request.url.path):
        raise TokenReadOnly("the token was made for reading")
    if (user_id := view_as.wanted(request)) is not None:
        return await view_as.seen_as(request, session, user_id)
    return session


async def current_viewer(session: Annotated[Session, Depends(current_session)]) -> Viewer:
    return session.viewer


CurrentSession = Annotated[Session, Depends(current_session)]
CurrentViewer = Annotated[Viewer, Depends(current_viewer)]
EnrollingSession = Annotated[Session, Depends(enrolling_session)]
WholeSession = Annotated[Session, Depends(whole_session)]
