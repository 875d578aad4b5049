"""People: what a list costs somebody with fifty privileges, beside an administrator."""

from collections.abc import Iterator
from typing import Final

import msgspec

from bench.lab import Lab, cpu_of, median
from bench.report import Row, ms, times
from bench.service import Service
from bench.wire import Answer, Wire, request

RUNS: Final = 40
PRIVILEGES: Final = 50
MOST_RATIO: Final = 1.5
FIRST_S: Final = 1.0
PASSWORD: Final = "bench-password-2"
LIST: Final = "/rest/v0/vms?fields=name_label"
SELECTORS: Final = (
    "tags:=team-{n}", "tags:team-{n}", "id:{n:08}-0000-4000-8000-000000000000", "power_state:Paused name_label:x{n}",
    "name_label:/^none-{n}$/",
)  # fmt: skip
"""Of all kinds, and none of them lets anything in: each row is asked all of them. The last privilege is on the pool."""


def people(lab: Lab) -> Iterator[Row]:
    """The same rows, seen by both."""
    service = lab.service
    admin = service.wire()
    pool = msgspec.convert(admin.get("/rest/v0/pools").json(), list[str])[0].rpartition("/")[2]
    user = _made(service, "users", {"name": "bench-user", "password": PASSWORD})
    role = _made(service, "acl-roles", {"name": "bench"})
    for number in range(PRIVILEGES - 1):
        selector = SELECTORS[number % len(SELECTORS)].format(n=number)
        _made(service, "acl-privileges", {"roleId": role, "resource": "vm", "action": "read", "selector": selector})
    body = {"roleId": role, "resource": "pool", "action": "read", "selector": f"id:{pool}", "reach": "inside"}
    _made(service, "acl-privileges", body)
    _good(_writer(service).send(request("PUT", f"/rest/v0/acl-roles/{role}/users/{user}", headers=_bearer(service))))
    wire = Wire(service.port, headers=f"cookie: authenticationToken={_token(service)}\r\n")
    first = _good(wire.get(LIST))
    whole = _good(admin.get(LIST))
    if first.header(b"x-total-count") != whole.header(b"x-total-count"):
        raise RuntimeError("the user does not see what the administrator sees")
    runs = lab.repeats(RUNS)
    floor_s = median([admin.get(LIST).total_s for _ in range(runs)])
    took_s = median([wire.get(LIST).total_s for _ in range(runs)])
    floor_cpu_s = cpu_of(service, lambda: _ignore(admin.get(LIST)), runs)
    cpu_s = cpu_of(service, lambda: _ignore(wire.get(LIST)), runs)
    admin.close()
    wire.close()
    yield Row("`GET /vms?fields=name_label`, administrator", "", ms(floor_s), "1", ms(floor_cpu_s))
    yield Row(
        f"the same for a user with {PRIVILEGES} privileges",
        f"at most {MOST_RATIO} times the administrator's CPU",
        ms(took_s),
        times(cpu_s / floor_cpu_s),
        ms(cpu_s),
        cpu_s <= MOST_RATIO * floor_cpu_s,
    )
    yield Row(
        "the first such list after his rights changed",
        "nobody is blocked",
        ms(first.total_s),
        reached=first.total_s < FIRST_S,
    )


def _bearer(service: Service) -> str:
    return f"authorization: Bearer {service.token}\r\n"


def _writer(service: Service) -> Wire:
    return Wire(service.port, headers=_bearer(service))


def _made(service: Service, path: str, body: dict[str, str]) -> str:
    wire = _writer(service)
    answer = _good(wire.post(f"/rest/v0/{path}", body))
    wire.close()
    return str(msgspec.convert(answer.json(), dict[str, object])["id"])


def _token(service: Service) -> str:
    wire = Wire(service.port)
    answer = _good(wire.post("/rest/v0/auth/signin", {"username": "bench-user", "password": PASSWORD}))
    wire.close()
    return answer.header(b"set-cookie").partition("=")[2].partition(";")[0]


def _good(answer: Answer) -> Answer:
    if answer.status >= 300:
        raise RuntimeError(f"HTTP {answer.status}: {answer.body[:500].decode()}")
    return answer


def _ignore(answer: Answer) -> None:
    _good(answer)
