"""The web client's files, and the page that every address of it answers with."""

import mimetypes
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

router = APIRouter(include_in_schema=False)

FOREVER: Final = "public, max-age=31536000, immutable"
"""For files whose names hold a hash of what is in them."""
NOT_BUILT: Final = "The web client is not built. Run `make web`; the API is at /rest/v0/docs."

# what the system's tables say of these differs, and a browser refuses a module of another type
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")


class Web(StaticFiles):
    """Serves the built files; an address that is no file is a page of the client, which has its own router."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or path.startswith(("rest/", "assets/", "api/")):
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


@router.get("/{path:path}")
async def not_built(request: Request, path: str) -> Response:
    """Nothing to show: say what to do."""
    if path.startswith("rest/"):
        raise HTTPException(404, f"there is no {request.url.path}")
    return Response(NOT_BUILT, 404 if path else 200, media_type="text/plain")
