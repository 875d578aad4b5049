"""XAPI's own tasks, whoever began them: asked to stop."""

from podium.errors import IncorrectState
from podium.model.task import XapiTask
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.tasks import Progress


class XapiTasks:
    """Tasks of the pools, by the id that they have here."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, task_id: str, *, by: Viewer) -> XapiTask:
        """Raises NotFound, MissingPrivileges, IncorrectState when it has ended or cannot be stopped."""
        task = self._gateway.find(XapiTask, "xapi-task", task_id)
        by.require("abort", "xapi-task", task)
        if task.status != "pending":
            raise IncorrectState(f"{task.name_label} has ended already")
        if "cancel" not in task.allowed_operations:
            raise IncorrectState(f"{task.name_label} cannot be stopped: the pool says so")
        return task

    async def abort(self, task_id: str, *, by: Viewer, progress: Progress) -> None:
        """Ask the pool to stop it. Returns when it was asked: some work goes on until it can be left."""
        task = self.require(task_id, by=by)
        await self._gateway.call(task, "task.cancel", task.xapi_ref)
        await self._gateway.settle(task)
        progress.info("the pool was asked to stop it")
