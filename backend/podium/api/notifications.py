"""Notifications over HTTP: the messages that were sent, wait, or failed. Their lists are collections.py's."""

from fastapi import APIRouter, Request

from podium.api.deps import CurrentViewer
from podium.api.inputs import ObjectId
from podium.api.problems import responses
from podium.errors import CrossSite, IncorrectState, MissingPrivileges, NotFound
from podium.services.alarms.notifications import Notifications

router = APIRouter(prefix="/rest/v0/notifications", tags=["notifications"])


@router.post(
    "/{notification_id}/actions/retry",
    operation_id="RetryNotification",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, IncorrectState),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def retry_notification(request: Request, notification_id: ObjectId, viewer: CurrentViewer) -> None:
    """Have a message that failed, or waits, sent now; it is tried for another day."""
    notifications: Notifications = request.app.state.notifications
    await notifications.retry(notification_id, by=viewer)


@router.delete(
    "/{notification_id}",
    operation_id="DeleteNotification",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, IncorrectState),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def delete_notification(request: Request, notification_id: ObjectId, viewer: CurrentViewer) -> None:
    """Forget a message that was sent, or has failed."""
    notifications: Notifications = request.app.state.notifications
    await notifications.delete(notification_id, by=viewer)
