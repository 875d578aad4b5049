"""Messages and alarms over HTTP: forgotten. Their objects are collections.py's."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.inputs import ObjectId
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.messages import Messages

router = APIRouter(prefix="/rest/v0")


def _delete_route(collection: str, kind: str) -> None:
    @router.delete(
        f"/{collection}/{{message_id}}",
        operation_id=f"Delete{kind.capitalize()}",
        summary=f"Have the pool forget the {kind}",
        tags=[collection],
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def delete_message(request: Request, message_id: ObjectId, viewer: CurrentViewer) -> Response:
        messages: Messages = request.app.state.messages
        await messages.delete(collection, message_id, by=viewer)
        return Response(status_code=204)


_delete_route("messages", "message")
_delete_route("alarms", "alarm")
