"""Alarm rules over HTTP: thresholds on metrics. Their lists are collections.py's."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, Name, ObjectId
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.cache.objects import Objects
from podium.errors import BadRequest, CrossSite, MissingPrivileges, NotFound
from podium.model.alarm import AlarmRule, Comparison, RuleType, Severity
from podium.services.access import Viewer
from podium.services.alarms.evaluator import Values
from podium.services.alarms.preview import RulePreview, preview
from podium.services.alarms.rules import LONGEST_S, AlarmRules, RuleDraft

router = APIRouter(prefix="/rest/v0/alarm-rules", tags=["alarm-rules"])

Number = Annotated[float, Field(allow_inf_nan=False, description="in the metric's unit")]
Duration = Annotated[int, Field(ge=0, le=LONGEST_S, description="seconds")]
MetricName = Annotated[Line, Field(min_length=1, max_length=64, examples=["cpu"])]
FilterText = Annotated[Line, Field(max_length=8192, description="in the language of lists; empty: every object")]
Channels = Annotated[list[Annotated[Line, Field(max_length=64)]], Field(max_length=100)]


class RuleBody(Body):
    """A threshold. It raises an alarm when a value has been beyond `threshold` for `durationS` seconds.

    The alarm ends when the value has been back at `clear` (the threshold, if not said) for `clearDurationS` seconds.
    """

    comparison: Comparison = "above"
    clear: Number | None = None
    duration_s: Annotated[Duration, Field(alias="durationS")] = 0
    clear_duration_s: Annotated[Duration, Field(alias="clearDurationS")] = 0
    severity: Severity = "warning"
    filter: FilterText = ""
    enabled: bool = True
    channels: Annotated[Channels, Field(default_factory=list, description="ids of those who are told")]


class NewAlarmRule(RuleBody):
    """`metric`: one of that type, see `GET /metrics`."""

    name: Name
    type: RuleType
    metric: MetricName
    threshold: Number


class AlarmRulePatch(Body):
    """What is left out stays. `clear` null: the same as the threshold."""

    name: Name | None = None
    type: RuleType | None = None
    metric: MetricName | None = None
    threshold: Number | None = None
    comparison: Comparison | None = None
    clear: Number | None = None
    duration_s: Annotated[Duration | None, Field(alias="durationS")] = None
    clear_duration_s: Annotated[Duration | None, Field(alias="clearDurationS")] = None
    severity: Severity | None = None
    filter: FilterText | None = None
    enabled: bool | None = None
    channels: Channels | None = None


def _draft(body: NewAlarmRule | AlarmRulePatch) -> RuleDraft:
    given = body.model_dump(exclude_unset=True)
    values = {("kind" if name == "type" else name): value for name, value in given.items() if value is not None}
    if "channels" in values:
        values["channels"] = tuple(values["channels"])
    if "clear" in given:
        values["clear"] = given["clear"]
    return RuleDraft(**values)


PREVIEW: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Which objects it is about, and for which it would raise an alarm now",
        "content": {"application/json": {"schema": reference("RulePreview")}},
    }
}


@router.post(
    "",
    operation_id="CreateAlarmRule",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def create_alarm_rule(request: Request, response: Response, body: NewAlarmRule, viewer: CurrentViewer) -> Created:
    """Make a rule. It is held against the newest values at once."""
    rules: AlarmRules = request.app.state.alarm_rules
    rule_id = await rules.create(_draft(body), by=viewer)
    response.headers["location"] = f"/rest/v0/alarm-rules/{rule_id}"
    return Created(id=rule_id)


@router.post(
    "/test",
    operation_id="TestNewAlarmRule",
    responses={**PREVIEW, **responses(CrossSite, MissingPrivileges, BadRequest)},
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def test_new_alarm_rule(request: Request, body: NewAlarmRule, viewer: CurrentViewer) -> Response:
    """Say what such a rule would do now. Nothing is stored, nobody is told."""
    rules: AlarmRules = request.app.state.alarm_rules
    viewer.require("test", "alarm-rule")
    rule = rules.drafted(_draft(body))
    return await _preview(request, rule, viewer)


@router.patch(
    "/{rule_id}",
    operation_id="UpdateAlarmRule",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def update_alarm_rule(request: Request, rule_id: ObjectId, body: AlarmRulePatch, viewer: CurrentViewer) -> None:
    """Change a rule. With another type or metric its alarms end, else they are measured by the new values."""
    rules: AlarmRules = request.app.state.alarm_rules
    await rules.change(rule_id, _draft(body), by=viewer)


@router.delete(
    "/{rule_id}",
    operation_id="DeleteAlarmRule",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def delete_alarm_rule(request: Request, rule_id: ObjectId, viewer: CurrentViewer) -> None:
    """Delete a rule. Its alarms end, and stay in the history."""
    rules: AlarmRules = request.app.state.alarm_rules
    await rules.delete(rule_id, by=viewer)


@router.post(
    "/{rule_id}/actions/test",
    operation_id="TestAlarmRule",
    responses={**PREVIEW, **responses(CrossSite, MissingPrivileges, NotFound, BadRequest)},
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def test_alarm_rule(request: Request, rule_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Say what the rule would do now, also while it is switched off. Nobody is told."""
    rules: AlarmRules = request.app.state.alarm_rules
    viewer.require("test", "alarm-rule")
    return await _preview(request, rules.get(rule_id), viewer)


async def _preview(request: Request, rule: AlarmRule, viewer: Viewer) -> Response:
    objects: Objects = request.app.state.objects
    values: Values = request.app.state.alarm_values
    found: RulePreview = await preview(rule, objects, values, by=viewer)
    return Response(msgspec.json.encode(found), media_type="application/json")
