"""What happens to writes and sign-ins while the audit log cannot be written. The table is really away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from sqlalchemy import text

from podium.db.base import open_database
from podium.settings import Settings
from tests.audit.conftest import records
from tests.served import ADMIN, served

API = "/rest/v0"
NEW = {"name": "new", "password": "a long password"}


@asynccontextmanager
async def away(settings: Settings) -> AsyncIterator[None]:
    database = open_database(settings.database)
    for table in ("audit", "audit_intent"):
        async with database.begin() as tx:
            await tx.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    try:
        yield
    finally:
        for table in ("audit", "audit_intent"):
            async with database.begin() as tx:
                await tx.execute(text(f"ALTER TABLE {table}_away RENAME TO {table}"))
        await database.close()


async def test_required_nothing_is_done_unrecorded(settings: Settings) -> None:
    async with served(settings.model_copy(update={"audit_required": True})) as service, service.client() as client:
        await client.get(f"{API}/users")
        async with away(settings), service.client(auth=None) as browser:
            answer = await client.post(f"{API}/users", json=NEW)
            assert (answer.status_code, answer.json()["code"]) == (503, "audit-unavailable")
            signed_in = await browser.post(f"{API}/auth/signin", json={"username": ADMIN[0], "password": ADMIN[1]})
            assert (signed_in.status_code, signed_in.json()["code"]) == (503, "audit-unavailable")
            assert "set-cookie" not in signed_in.headers
            assert len((await client.get(f"{API}/users")).json()) == 1  # reading goes on
        assert (await client.post(f"{API}/users", json=NEW)).status_code == 201
        found = await records(client, "event:=apiCall")
        assert [one["data"]["status"] for one in found] == [201, 503]


async def test_not_required_it_is_done_and_told_loudly(settings: Settings) -> None:
    async with served(settings) as service, service.client() as client:
        await client.get(f"{API}/users")
        with structlog.testing.capture_logs() as logged:
            async with away(settings):
                answer = await client.post(f"{API}/users", json=NEW)
                assert answer.status_code == 201
        loud = [one for one in logged if one["log_level"] == "error" and "audit record" in one["event"]]
        assert loud
        assert "a long password" not in loud[0]["record"]
        for _ in range(50):
            if found := await records(client, "event:=apiCall"):
                break
            await asyncio.sleep(0.1)
        assert found[0]["data"]["made"] == [answer.json()["id"]]
        verdict = await service.app.state.audit_reader.verify(service.app.state.auditor.log._anchor)
        assert not verdict.faults


async def test_a_crash_between_the_deed_and_its_record_is_told(settings: Settings) -> None:
    """The process ends while a call is under way: its intent is what remains."""
    async with served(settings) as service:
        auditor = service.app.state.auditor
        async with service.client() as client:
            await client.get(f"{API}/users")
        await auditor.log.announce("1", auditor.user("u", "::1"), {"method": "DELETE", "path": "/rest/v0/vms/1"})
    async with served(settings) as service, service.client() as client:
        found = await records(client, "event:=apiCallInterrupted")
        assert [one["data"]["path"] for one in found] == ["/rest/v0/vms/1"]


@pytest.mark.parametrize("days", [0.0, 1.0])
async def test_retention_is_a_setting(settings: Settings, days: float) -> None:
    changed = settings.model_copy(update={"audit_retention_days": days})
    async with served(changed) as service:
        assert service.app.state.auditor.log._keep_days == days
