"""Rules at work: raised, ended, told, remembered, over restarts and databases that are away."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from podium.db.alarm import AcknowledgementRow, AlarmRow
from podium.db.base import Database
from podium.db.notification import NotificationRow
from podium.errors import IncorrectState, InvalidParameters, MissingPrivileges, NotFound
from podium.model.message import Alarm, AlarmBody, AlarmObject
from podium.services.access import viewer_of
from podium.services.alarms.payload import Told
from podium.services.alarms.preview import preview
from podium.services.alarms.rules import RuleDraft
from tests.accounts import ROOT
from tests.services.alarming import POOL, Clock, Numbers, PostOffice, alarming, until

NOBODY = viewer_of("ada", "none")


def plain(alarm: Alarm) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(alarm)
    return found


async def test_the_life_of_an_alarm(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web", "db")
        rule = await one.rule(duration_s=300, clear=85.0, clear_duration_s=60)
        await one.after(0, web=93.4, db=50)
        assert one.shown() == {}
        await one.after(299, web=93.4, db=50)
        assert one.shown() == {}
        await one.after(1, web=93.42, db=50)
        alarm = plain(one.shown()["web"])
        assert alarm == {
            "id": alarm["id"],
            "uuid": alarm["id"],
            "type": "message",
            "$pool": POOL,
            "$poolId": POOL,
            "_xapiRef": "",
            "name": "ALARM",
            "body": {"name": "cpu", "value": "93.4"},
            "object": {"type": "VM", "uuid": "web", "href": "/rest/v0/vms/web"},
            "time": 1_800_000_300_000,
            "severity": "warning",
            "rule": rule,
            "state": "raised",
            "text": "CPU use of web has been above 90 % for 5 minutes (93.4 %)",
        }
        assert [entry.id for entry in one.objects.related("alarm", "object", "web")] == [alarm["id"]]
        assert one.objects.get(alarm["id"]) is not None
        assert alarm["id"] not in {entry.id for entry in one.objects.of_pool(POOL)}, "it is not the pool's to remove"
        await one.after(600, web=80, db=50)
        await one.after(59, web=86, db=50)
        await one.after(60, web=80, db=50)
        assert plain(one.shown()["web"])["state"] == "raised"
        await one.after(60, web=81.26, db=50)
        ended = plain(one.shown()["web"])
        assert (ended["state"], ended["endedAt"]) == ("ended", 1_800_001_079_000)
        assert ended["text"] == "CPU use of web is back at 81.3 %, after 13 minutes of alarm (above 90 %)"
        await one.after(24 * 3600 - 1, web=50)
        assert "web" in one.shown()
        await one.after(11, web=50)
        assert one.shown() == {}
        assert [found.id for found in await one.log.history()] == [alarm["id"]]


async def test_filters_and_types(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web", "test", tags={"web": ["prod"]})
        await one.rule(filter="tags:prod")
        await one.rule(kind="SR", metric="space", threshold=80.0, severity="critical")
        await one.rule(comparison="below", metric="memoryPercent", threshold=5.0, enabled=False)
        one.numbers.say(metric="space", kind="SR", sr=91.0)
        one.numbers.say(metric="memoryPercent", web=1.0)
        await one.after(1, web=95, test=95, unknown=99)
        shown = one.shown()
        assert shown.keys() == {"web", "sr"}
        assert shown["sr"].severity == "critical"
        assert shown["sr"].object.href == "/rest/v0/srs/sr"
        one.inventory("web", "test", tags={"test": ["prod"]})
        await one.after(10, web=95, test=95)
        assert one.shown()["web"].state == "ended"
        assert one.shown()["test"].state == "raised"


async def test_a_restart_neither_raises_again_nor_forgets(database: Database) -> None:
    clock, numbers, office = Clock(), Numbers(), PostOffice()
    async with alarming(database, clock=clock, numbers=numbers, office=office) as one:
        one.inventory("web", "db")
        await one.rule(channels=(await one.channel(),))
        await one.after(0, web=95, db=96)
        await one.after(10, web=50, db=96)
        before = one.shown()
        await until(lambda: len(office.taken) == 3)
    async with alarming(database, clock=clock, numbers=numbers, office=office) as one:
        after = one.shown()
        assert {key: alarm.id for key, alarm in after.items()} == {key: alarm.id for key, alarm in before.items()}
        assert (after["web"].state, after["db"].state) == ("ended", "raised")
        await one.after(5)  # the pool has not been loaded yet
        one.inventory("web", "db")
        await one.after(1000, web=50, db=96)
        assert one.shown()["db"].state == "raised"
        assert len(one.messages()) == 3
        await one.after(5, web=50, db=50)
        assert one.shown()["db"].state == "ended"
        assert one.shown()["db"].id == before["db"].id


async def test_an_object_that_is_gone_ends_its_alarm(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web", "db")
        await one.rule()
        await one.after(0, web=95, db=95)
        one.inventory("db")
        await one.after(10, db=95)
        assert one.shown()["web"].state == "raised", "a pool may show things again a moment later"
        await one.after(60, db=95)
        assert one.shown()["web"].state == "ended"
        assert one.shown()["web"].text == "web is gone; its alarm (CPU use above 90 %) has ended"
        one.objects.apply(POOL, [], [entry.id for entry in one.objects.of_pool(POOL)])
        one.numbers.known.clear()
        await one.after(600)
        assert one.shown()["db"].state == "raised", "the whole pool is away"
        await one.after(3600)
        assert one.shown()["db"].state == "ended"


async def test_without_values_it_stays_and_says_so(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        await one.rule()
        await one.after(0, web=95)
        one.numbers.known.clear()
        await one.after(5)
        await one.after(600)
        alarm = one.shown()["web"]
        assert alarm.state == "raised"
        assert alarm.text == "CPU use of web is above 90 % (95 %); since then there is no value any more"
        await one.after(5, web=97)
        assert one.shown()["web"].text == "CPU use of web is above 90 % (95 %)"


async def test_changing_a_rule(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        rule = await one.rule()
        await one.after(0, web=95)
        await one.rules.change(rule, RuleDraft(name="other", threshold=94.0), by=ROOT)
        assert one.rules.get(rule).clear == 94
        await one.after(5, web=95)
        assert one.shown()["web"].state == "raised"
        await one.rules.change(rule, RuleDraft(threshold=99.0), by=ROOT)
        await one.after(5, web=95)
        assert one.shown()["web"].state == "ended"
        await one.rules.change(rule, RuleDraft(threshold=90.0), by=ROOT)
        await one.after(5, web=95)
        raised = [alarm for alarm in await one.log.history() if alarm.state == "raised"]
        assert len(raised) == 1
        await one.rules.change(rule, RuleDraft(metric="iops"), by=ROOT)
        await one.after(5, web=95)
        assert "The rule was changed" in (await one.log.history(alarm_id=raised[0].id))[0].text  # type: ignore[operator]
        await one.rules.change(rule, RuleDraft(metric="cpu"), by=ROOT)
        await one.after(5, web=95)
        await one.rules.delete(rule, by=ROOT)
        await one.after(5, web=95)
        assert all(alarm.state == "ended" for alarm in await one.log.history())


async def test_an_alarm_whose_rule_was_deleted_before_the_process_died_ends(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        rule = await one.rule()
        await one.after(0, web=95)
        await one.rules.delete(rule, by=ROOT)
    async with alarming(database) as one:
        one.inventory("web")
        await one.after(5, web=95)
        assert [alarm.state for alarm in await one.log.history()] == ["ended"]


async def test_it_follows_the_fleet(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        running = asyncio.create_task(one.alarms.run())
        one.numbers.say(web=95)
        await one.rule()
        await until(lambda: "web" in one.shown())
        one.numbers.say(web=10)
        await until(lambda: one.shown()["web"].state == "ended")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_the_database_did_not_take_is_written_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        await one.rule(channels=(await one.channel(),))

        def away() -> Any:
            raise OperationalError("INSERT", {}, Exception("the disk is full"))

        with monkeypatch.context() as patched:
            patched.setattr(database, "begin", away)
            await one.after(0, web=95)
        assert one.shown() == {}
        await one.after(5, web=50)
        assert one.shown()["web"].state == "ended"
        assert sorted(message.event for message in one.messages()) == ["ended", "raised"]
        await until(lambda: len(one.office.taken) == 2)


async def test_acknowledging(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        await one.rule(channels=(await one.channel(),))
        await one.after(0, web=95)
        alarm = one.shown()["web"]
        with pytest.raises(MissingPrivileges):
            await one.desk.acknowledge(alarm.id, note="", by=NOBODY)
        with pytest.raises(NotFound):
            await one.desk.acknowledge("nope", note="", by=ROOT)
        with pytest.raises(IncorrectState):
            await one.desk.unacknowledge(alarm.id, by=ROOT)
        with pytest.raises(IncorrectState):
            await one.desk.forget(alarm)
        await one.desk.acknowledge(alarm.id, note="on it", by=ROOT)
        made = plain(one.shown()["web"])["acknowledged"]
        assert made == {"by": "root", "at": 1_800_000_000_000, "note": "on it"}
        await one.desk.acknowledge(alarm.id, note="still on it", by=ROOT)
        assert plain(one.shown()["web"])["acknowledged"]["note"] == "still on it"
        assert [message.event for message in one.messages()] == ["raised", "acknowledged"], "told once"
        await one.desk.unacknowledge(alarm.id, by=ROOT)
        assert "acknowledged" not in plain(one.shown()["web"])
        await one.desk.acknowledge(alarm.id, note="", by=ROOT)
        await one.after(5, web=50)
        assert one.shown() == {}, "it has ended, and somebody has seen it"
        (past,) = await one.log.history(object_id="web")
        assert plain(past)["acknowledged"] == {"by": "root", "at": 1_800_000_000_000}


async def test_an_ended_alarm_leaves_when_it_is_acknowledged_or_deleted(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web", "db")
        await one.rule()
        await one.after(0, web=95, db=95)
        await one.after(5, web=50, db=50)
        shown = one.shown()
        await one.desk.acknowledge(shown["web"].id, note="", by=ROOT)
        assert one.shown().keys() == {"db"}
        await one.desk.forget(shown["db"])
        assert one.shown() == {}
        assert [alarm.object.uuid for alarm in await one.log.history()] == ["web"]


def pools_own(alarm_id: str, time: int | None = 1_800_000_000_000) -> Alarm:
    return Alarm(
        id=alarm_id, uuid=alarm_id, pool=POOL, pool_id=POOL, xapi_ref=f"OpaqueRef:{alarm_id}", name="ALARM",
        body=AlarmBody("cpu_usage", "99.0"), object=AlarmObject("VM", "web", "/rest/v0/vms/web"), time=time,
    )  # fmt: skip


async def test_alarms_of_pools_are_acknowledged_and_else_untouched(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        alarm = pools_own("m1")
        one.objects.apply(POOL, [alarm])
        entry = one.objects.get("m1")
        assert entry is not None
        bare = entry.plain
        assert bare == msgspec.json.encode(alarm)
        await one.desk.acknowledge("m1", note="known", by=ROOT)
        assert plain(one.shown()["web"])["acknowledged"]["note"] == "known"
        assert one.objects.get("m1").pool == POOL  # type: ignore[union-attr]
    async with alarming(database) as one:
        one.objects.apply(POOL, [alarm])
        assert plain(one.shown()["web"])["acknowledged"]["note"] == "known", "after a restart, on a fresh load"
        one.objects.apply(POOL, [alarm])
        revision = one.objects.revision
        one.objects.apply(POOL, [alarm])
        assert one.objects.revision == revision, "equal is no change"
        await one.desk.unacknowledge("m1", by=ROOT)
        assert one.objects.get("m1").plain == bare  # type: ignore[union-attr]


async def test_pruning(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web")
        await one.rule()
        one.objects.apply(POOL, [pools_own("m1"), pools_own("m2")])
        await one.desk.acknowledge("m1", note="", by=ROOT)
        await one.desk.acknowledge("m2", note="", by=ROOT)
        await one.after(0, web=95)
        await one.after(5, web=50)
        (own,) = await one.log.history()
        await one.desk.acknowledge(own.id, note="", by=ROOT)
        one.objects.apply(POOL, [], ["m2"])
        one.clock.now += 29 * 86_400
        await one.log.prune()
        one.clock.now += 2 * 86_400
        await one.log.prune()
        async with database.read() as tx:
            assert await tx.scalar(select(func.count()).select_from(AlarmRow)) == 0
            assert list(await tx.scalars(select(AcknowledgementRow.alarm_id))) == ["m1"]
        assert one.acknowledgements.of("m2") is None


async def test_many_at_once_make_one_message(database: Database) -> None:
    async with alarming(database) as one:
        names = [f"vm{number:04}" for number in range(1_200)]
        one.inventory(*names)
        await one.rule(channels=(await one.channel(),))
        await one.after(0, **dict.fromkeys(names, 95.0))
        assert len(one.shown()) == 1_200
        (message,) = one.messages()
        assert (message.count, message.title) == (1_200, "1200 alarms: busy")
        async with database.read() as tx:
            payload = await tx.scalar(select(NotificationRow.payload))
            assert await tx.scalar(select(func.count()).select_from(AlarmRow)) == 1_200
        assert payload is not None
        content = msgspec.json.decode(payload, type=Told)
        assert (content.count, len(content.alarms), content.title) == (1_200, 100, "1200 alarms: busy")
        await one.after(5, **dict.fromkeys(names[:600], 50.0), **dict.fromkeys(names[600:], 95.0))
        assert sorted((message.event, message.count) for message in one.messages()) == [
            ("ended", 600),
            ("raised", 1_200),
        ]


async def test_channels_choose_what_they_are_told(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("web", "db")
        all_of_it = await one.channel(name="all", language="fr")
        critical = await one.channel(name="critical", minimum_severity="critical", events=("raised",))
        off = await one.channel(name="off", enabled=False)
        names = {all_of_it: "all", critical: "critical", off: "off"}
        await one.rule(channels=(all_of_it, critical, off), filter="id:web")
        await one.rule(channels=(all_of_it, critical, off), filter="id:db", severity="critical")
        await one.after(0, web=95.5, db=95.5)
        await one.after(5, web=50, db=50)
        told = sorted((names[message.channel], message.event, message.severity) for message in one.messages())
        assert told == [
            ("all", "ended", "critical"),
            ("all", "ended", "warning"),
            ("all", "raised", "critical"),
            ("all", "raised", "warning"),
            ("critical", "raised", "critical"),
        ]
        titles = {message.title for message in one.messages() if message.channel == all_of_it}
        assert "web : utilisation du processeur au-dessus de 90 % (95,5 %)" in titles


async def test_alarms_of_pools_are_told_once(database: Database) -> None:
    clock, office = Clock(), PostOffice()
    async with alarming(database, clock=clock, office=office) as one:
        one.inventory("web")
        await one.channel(pool_alarms=True)
        await one.channel(name="ours only")
        following = asyncio.create_task(one.pool_alarms.follow(one.hub, since=one.hub.revision))
        old = pools_own("old", 1_800_000_000_000 - 2 * 3_600_000)
        one.objects.apply(POOL, [pools_own("m1"), old, pools_own("timeless", None)])
        await until(lambda: len(office.taken) == 1)
        assert [message.title for message in one.messages()] == ["web: cpu_usage (99.0 %)"]
        await one.desk.acknowledge("m1", note="", by=ROOT)
        await until(lambda: len(office.taken) == 2)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    async with alarming(database, clock=clock, office=office) as one:
        following = asyncio.create_task(one.pool_alarms.follow(one.hub, since=one.hub.revision))
        one.objects.apply(POOL, [pools_own("m1"), pools_own("m2")])
        await until(lambda: len(office.taken) == 3)
        assert sum(message.alarm == "m1" for message in one.messages()) == 2
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_preview(database: Database) -> None:
    async with alarming(database) as one:
        one.inventory("a", "b", "c", tags={"a": ["prod"], "b": ["prod"]})
        rule = one.rules.get(await one.rule(filter="tags:prod", duration_s=600))
        one.numbers.say(a=99.0, c=100.0)
        found = await preview(rule, one.objects, one.numbers, by=ROOT)
        assert (found.matching, found.with_value, found.beyond) == (2, 1, 1)
        assert [(each.id, each.value, each.href) for each in found.would_raise] == [("a", 99.0, "/rest/v0/vms/a")]
        hidden = await preview(rule, one.objects, one.numbers, by=NOBODY)
        assert (hidden.matching, hidden.would_raise) == (0, ())
        await one.after(0)
        assert one.shown() == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "load"}, "load is no metric of VM: choose one of cpu, memory"),
        ({"clear": 95.0}, "ends at it, or below it"),
        ({"comparison": "below", "clear": 5.0}, "ends at it, or above it"),
        ({"filter": "name_label:("}, "filter: "),
        ({"filter": "tags:a |(metrics.cpu:>80 metrics:cpu:>80)"}, "what is measured is for the threshold"),
        ({"channels": ("nope",)}, "there is no notification channel nope"),
        ({"duration_s": 100_000}, "durationS: must be from 0 to 86400 seconds"),
        ({"threshold": float("nan")}, "must be a number"),
    ],
)
async def test_rules_that_make_no_sense(database: Database, changes: dict[str, Any], words: str) -> None:
    async with alarming(database) as one:
        with pytest.raises(InvalidParameters, match=r".") as caught:
            await one.rule(**changes)
        assert words in str(caught.value)
        assert one.rules.all() == []
        rule = await one.rule()
        with pytest.raises(InvalidParameters):
            await one.rules.change(rule, RuleDraft(**changes), by=ROOT)
        assert one.rules.get(rule).threshold == 90
