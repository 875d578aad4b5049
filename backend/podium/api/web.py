"""The web client's files, and the page that every address of it answers with."""

import mimetypes
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

FOREVER: Final = "public, max-age=31536000, immutable"
"""For files whose names hold a hash of what is in them."""
_READING: Final = frozenset({"GET", "HEAD"})
_API: Final = frozenset({"rest", "health"})
_NO_PAGES: Final = _API | {"api", "assets"}
"""First steps of paths under which a page of the client would only hide a mistake."""
NOT_BUILT: Final = "The web client is not built. Run `make web`; the API is at /rest/v0/docs."

# what the system's tables say of these differs, and a browser refuses a module of another type
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")


class Pages(Mount):
    """The web client's addresses: all that are not the API's, for reading.

    A mount takes every method of every path. Here an API path that no route knows stays unknown (404), and one that
    has a route keeps that route's own 405.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or _first_step(scope["path"]) in _API:
            return Match.NONE, {}
        match, child_scope = super().matches(scope)
        return (Match.PARTIAL if scope["method"] not in _READING else match), child_scope


class Web(StaticFiles):
    """Serves the built files; an address that is no file is a page of the client, which has its own router."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            # `path` is normalised: /x/..%2frest/v0 has become the API's too
            if error.status_code != 404 or _first_step(path) in _NO_PAGES:
                raise
            response = await super().get_response("index.html", scope)
        hashed = path.startswith("assets/")
        response.headers["cache-control"] = FOREVER if hashed else "no-cache"
        return response


def web_directory(configured: Path | None) -> Path | None:
    """Where the built client is: as configured, else inside the package (as installed), else in the checkout."""
    places = (
        [configured] if configured else [Path(__file__).parents[1] / "web", Path(__file__).parents[3] / "frontend/dist"]
    )
    return next((place for place in places if (place / "index.html").is_file()), None)


async def not_built(scope: Scope, receive: Receive, send: Send) -> None:
    """In the place of the files: nothing to show, say what to do."""
    if scope["method"] not in _READING:
        raise HTTPException(405)
    if scope["path"] != "/":
        raise HTTPException(404, NOT_BUILT)
    await Response(NOT_BUILT, media_type="text/plain")(scope, receive, send)


def pages(directory: Path | None) -> Pages:
    """The route of everything that is not the API's. `directory`: the built client's, None when it is not built."""
    return Pages("/", not_built if directory is None else Web(directory=directory, html=True), name="web")


def _first_step(path: str) -> str:
    """`/rest//v0` -> `rest`, in lower case: whoever writes /REST means no page of the client."""
    return path.lstrip("/").partition("/")[0].lower()
