"""The chain: every kind of tampering with the table is found, and named."""

import asyncio
import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import delete, select, text, update
from typer.testing import CliRunner

from podium.cli import app
from podium.db.audit import AuditIntentRow, AuditRow
from podium.db.base import Database
from podium.errors import AuditUnavailable, NotFound
from podium.model.audit import AuditSubject
from podium.services.audit.anchor import Anchor, Mark
from podium.services.audit.chain import digest
from podium.services.audit.log import AuditLog
from podium.services.audit.reading import AuditReader
from podium.settings import Settings
from tests.accounts import Clock

SUBJECT = AuditSubject(user_id="u", user_name="name", user_ip="::1")
DAY_S = 86_400.0


class Lab:
    """A log of ten records."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        self.database = database
        self.anchor = Anchor(data_dir)
        self.reader = AuditReader(database)
        self.clock = Clock()

    def log(self, *, keep_days: float = 0) -> AuditLog:
        return AuditLog(self.database, self.anchor, owner="test", clock=self.clock, keep_days=keep_days)

    async def fill(self, count: int = 10) -> None:
        async with self.log() as log:
            for number in range(count):
                self.clock.now += DAY_S
                await log.add("event", SUBJECT, {"number": number})

    async def faults(self, start: str | None = None) -> list[tuple[str, int]]:
        verdict = await self.reader.verify(self.anchor, start=start)
        assert all(fault.text for fault in verdict.faults)
        return [(fault.kind, fault.seq) for fault in verdict.faults]

    async def rows(self) -> list[AuditRow]:
        async with self.database.read() as tx:
            return list(await tx.scalars(select(AuditRow).order_by(AuditRow.seq)))


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> Lab:
    one = Lab(database, tmp_path)
    await one.fill()
    return one


async def test_what_nobody_touched_is_whole(lab: Lab) -> None:
    verdict = await lab.reader.verify(lab.anchor)
    rows = await lab.rows()
    assert (verdict.checked, verdict.first, verdict.last, verdict.newest) == (10, 1, 10, rows[-1].id)
    assert not verdict.faults
    assert lab.anchor.read() == Mark(10, rows[-1].id, rows[-1].time_ms)
    assert await lab.faults(rows[4].id) == []
    with pytest.raises(NotFound):
        await lab.faults("0" * 64)


async def test_an_empty_log_is_whole(database: Database, tmp_path: Path) -> None:
    assert await Lab(database, tmp_path).faults() == []


async def test_an_edited_record(lab: Lab) -> None:
    rows = await lab.rows()
    body = rows[4].body.replace(b'"number":4', b'"number":5')
    assert body != rows[4].body
    async with lab.database.begin() as tx:
        await tx.execute(update(AuditRow).where(AuditRow.seq == 5).values(body=body))
    assert await lab.faults() == [("changed", 5)]
    assert await lab.faults(rows[5].id) == []


async def test_an_edited_record_with_its_hash_made_anew(lab: Lab) -> None:
    body = (await lab.rows())[4].body.replace(b'"number":4', b'"number":5')
    async with lab.database.begin() as tx:
        await tx.execute(update(AuditRow).where(AuditRow.seq == 5).values(body=body, id=digest(body)))
    assert await lab.faults() == [("broken", 6)]


async def test_an_edited_column(lab: Lab) -> None:
    async with lab.database.begin() as tx:
        await tx.execute(update(AuditRow).where(AuditRow.seq == 3).values(event="another"))
        await tx.execute(update(AuditRow).where(AuditRow.seq == 7).values(time_ms=1))
    assert await lab.faults() == [("changed", 3), ("changed", 7)]


async def test_a_record_made_unreadable(lab: Lab) -> None:
    async with lab.database.begin() as tx:
        await tx.execute(update(AuditRow).where(AuditRow.seq == 3).values(body=b"\xff{"))
    assert ("changed", 3) in await lab.faults()
    pages = [page async for page in lab.reader.pages(through=10)]
    assert pages[0][7].data == {"unreadable": True}


async def test_a_record_removed_in_the_middle(lab: Lab) -> None:
    async with lab.database.begin() as tx:
        await tx.execute(delete(AuditRow).where(AuditRow.seq.in_([4, 5])))
    assert await lab.faults() == [("missing", 6)]


async def test_a_record_removed_and_the_rest_moved_up(lab: Lab) -> None:
    async with lab.database.begin() as tx:
        await tx.execute(delete(AuditRow).where(AuditRow.seq == 4))
        for seq in range(5, 11):
            await tx.execute(update(AuditRow).where(AuditRow.seq == seq).values(seq=seq - 1))
    assert await lab.faults() == [("broken", 4), ("truncated", 10)]


async def test_records_in_another_order(lab: Lab) -> None:
    async with lab.database.begin() as tx:
        for old, new in ((4, 100), (5, 4), (100, 5)):
            await tx.execute(update(AuditRow).where(AuditRow.seq == old).values(seq=new))
    assert {fault for fault in await lab.faults() if fault[0] == "broken"} == {
        ("broken", 4),
        ("broken", 5),
        ("broken", 6),
    }


async def test_the_oldest_removed(lab: Lab) -> None:
    async with lab.database.begin() as tx:
        await tx.execute(delete(AuditRow).where(AuditRow.seq <= 2))
    assert await lab.faults() == [("missing", 3)]


async def test_the_end_cut_off(lab: Lab) -> None:
    async with lab.database.begin() as tx:
        await tx.execute(delete(AuditRow).where(AuditRow.seq >= 9))
    assert await lab.faults() == [("truncated", 10)]
    async with lab.database.begin() as tx:
        await tx.execute(delete(AuditRow))
    assert await lab.faults() == [("truncated", 10)]


async def test_the_end_written_anew(lab: Lab, tmp_path: Path) -> None:
    """Whoever can only write to the database cannot change the anchor."""
    async with lab.database.begin() as tx:
        await tx.execute(delete(AuditRow).where(AuditRow.seq >= 9))
    forger = AuditLog(lab.database, Anchor(tmp_path / "elsewhere"), owner="forger", clock=lab.clock)
    async with forger as log:
        for number in range(3):
            await log.add("event", SUBJECT, {"forged": number})
    assert await lab.faults() == [("rewritten", 10)]


async def test_an_anchor_that_is_gone_or_damaged(lab: Lab) -> None:
    lab.anchor.path.write_text("{")
    assert await lab.faults() == [("anchor", 0)]
    lab.anchor.path.unlink()
    assert await lab.faults() == [("anchor", 0)]


async def test_retention_keeps_the_chain_whole(lab: Lab) -> None:
    async with lab.log(keep_days=4.5) as log:
        await asyncio.sleep(0.2)  # at its start
        assert (await lab.rows())[0].seq == 6
        assert await lab.faults() == []
        pruned = (await lab.rows())[-1]
        assert pruned.event == "auditPruned"
        assert b'"removed":5' in pruned.body
        lab.clock.now += 100 * DAY_S
        assert await log.prune() == 5
        await log.add("event", SUBJECT, {})
        assert await lab.faults() == []
        lab.clock.now += 100 * DAY_S
        await log.prune()
        assert await lab.faults() == []
    async with lab.database.begin() as tx:
        first = (await lab.rows())[0].seq
        await tx.execute(delete(AuditRow).where(AuditRow.seq == first))
    assert [fault[0] for fault in await lab.faults()] == ["missing"]


async def test_two_processes_make_one_chain(lab: Lab) -> None:
    async with lab.log() as one, lab.log() as other:
        await asyncio.gather(*(log.add("event", SUBJECT, {"n": n}) for n in range(50) for log in (one, other)))
    assert await lab.faults() == []
    assert len(await lab.rows()) == 110


async def test_what_was_announced_and_never_ended_is_told_at_the_next_start(lab: Lab) -> None:
    async with lab.log() as log:
        await log.announce("call-1", SUBJECT, {"method": "POST", "path": "/x"})
        await log.announce("call-2", SUBJECT, {"method": "POST", "path": "/y"})
        await log.add("apiCall", SUBJECT, {"path": "/y"}, intent="call-2")
    async with lab.log():
        pass
    last = (await lab.rows())[-1]
    assert last.event == "apiCallInterrupted"
    assert b'"path":"/x"' in last.body
    assert len(await lab.rows()) == 12
    async with lab.database.read() as tx:
        assert list(await tx.scalars(select(AuditIntentRow))) == []
    assert await lab.faults() == []


async def test_a_record_that_cannot_be_written_is_kept_until_it_can(lab: Lab) -> None:
    async with lab.log() as log:
        async with lab.database.begin() as tx:
            await tx.execute(text("ALTER TABLE audit RENAME TO away"))
        with pytest.raises(AuditUnavailable):
            await log.add("event", SUBJECT, {"kept": 1})
        with pytest.raises(AuditUnavailable):
            await log.add("event", SUBJECT, {"kept": 2})
        async with lab.database.begin() as tx:
            await tx.execute(text("ALTER TABLE away RENAME TO audit"))
        await log.add("event", SUBJECT, {"kept": 3})
        assert log.trouble is None
    kept = [row.body[row.body.index(b"kept") :][:7] for row in (await lab.rows())[-3:]]
    assert kept == [b'kept":1', b'kept":2', b'kept":3']
    assert await lab.faults() == []


def test_the_command(settings: Settings) -> None:
    from podium.db.base import open_database

    async def fill() -> None:
        database = open_database(settings.database)
        await Lab(database, settings.data_dir).fill()
        await database.close()

    async def tamper() -> None:
        database = open_database(settings.database)
        async with database.begin() as tx:
            await tx.execute(delete(AuditRow).where(AuditRow.seq == 4))
        await database.close()

    env = {"PODIUM_DATA_DIR": str(settings.data_dir), "PODIUM_DATABASE_URL": settings.database, "COLUMNS": "200"}

    def podium(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["audit", *arguments], env=env)
        return result.exit_code, result.stdout, result.stderr

    assert podium("verify") == (0, "The audit log is empty.\n", "")
    asyncio.run(fill())
    code, out, _ = podium("verify")
    assert (code, out.startswith("10 records (1 to 10) are whole.")) == (0, True)
    code, out, _ = podium("export", "--filter", "data:number:>=8")
    assert (code, out.count("\n")) == (0, 2)
    newest = out.splitlines()[-1].split('"')[3]
    assert podium("verify", "--from", newest)[0] == 0
    assert podium("verify", "--from", "x")[0] == 2
    assert podium("export", "--filter", "((")[0] == 2
    asyncio.run(tamper())
    code, _, err = podium("verify")
    assert code == 1
    assert "missing: record 5" in err
    assert "4 was removed" in err
    code, _, _ = podium("export", "--to", str(settings.data_dir / "audit.ndjson"))
    assert code == 0
    assert (settings.data_dir / "audit.ndjson").read_text().count("\n") == 9


def test_commands_that_change_something_are_recorded(settings: Settings) -> None:
    env = {
        "PODIUM_DATA_DIR": str(settings.data_dir),
        "PODIUM_DATABASE_URL": settings.database,
        "PODIUM_PASSWORD_MEMORY_KIB": "8",
        "PODIUM_PASSWORD_TIME_COST": "1",
        "PODIUM_PASSWORD_PARALLELISM": "1",
    }

    def podium(*arguments: str, stdin: str = "") -> tuple[int, str]:
        result = CliRunner().invoke(app, arguments, env=env, input=stdin)
        return result.exit_code, result.stdout

    assert podium("user", "add", "--admin", "Ann", stdin="a secret of Ann's\n")[0] == 0
    assert podium("user", "list")[0] == 0
    assert podium("user", "add", "ann", stdin="a secret of Ann's\n")[0] == 1
    code, out = podium("audit", "export")
    assert code == 0
    assert "secret of" not in out
    first, second = map(json.loads, out.splitlines())
    assert (first["event"], first["data"]["params"]) == ("command", {"name": "Ann", "admin": True})
    assert first["data"]["command"] == "add user"
    assert first["data"]["changes"][0]["after"]["permission"] == "admin"
    assert second["data"]["error"] == {"code": "name-taken"}
    assert podium("audit", "verify")[0] == 0


async def test_an_export_is_verified_with_nothing_but_sha256_and_json(lab: Lab) -> None:
    odd = {
        "text": 'é ☃ 𝄞 "\\ / \n\t\x01\x7f\u2028',
        "n": -5,
        "nested": {"b": [1, {"z": 1, "a": None}], "a": True},
        "": {},
    }
    async with lab.log() as log:
        await log.add("event", SUBJECT, odd)
    previous = "nullId"
    async for page in lab.reader.pages(through=11, oldest_first=True):
        for record in page:
            line = json.loads(msgspec.json.encode(record))
            record_id = line.pop("id")
            text = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert hashlib.sha256(text.encode()).hexdigest() == record_id
            assert line["previousId"] == previous
            previous = record_id
    assert previous == (await lab.rows())[-1].id


async def test_what_cannot_be_encoded_does_not_keep_others_from_being_written(lab: Lab) -> None:
    async with lab.log() as log:
        await asyncio.gather(*(log.add("event", SUBJECT, data) for data in ({"text": "\ud800"}, {"n": 1})))
    assert [b"not encodable" in row.body for row in (await lab.rows())[-2:]] == [True, False]
    assert await lab.faults() == []
