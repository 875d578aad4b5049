"""Delivery: what is queued gets there, however often the other side or the process fails on the way."""

import asyncio
from itertools import pairwise
from random import Random

import msgspec
import pytest
from sqlalchemy import select

from podium.db.base import Database
from podium.db.notification import ChannelRow, NotificationRow
from podium.errors import IncorrectState, InvalidParameters, MissingPrivileges, NotFound
from podium.notify.mail import Mail
from podium.notify.senders import send
from podium.notify.sending import Answer
from podium.notify.webhook import Webhook
from podium.services.access import viewer_of
from podium.services.alarms.channels import ChannelDraft
from podium.services.alarms.delivery import Pauses
from tests.accounts import ROOT
from tests.notify.listeners import answer, hook, mailbox
from tests.services.alarming import Alarming, Clock, Numbers, PostOffice, alarming, until

NOBODY = viewer_of("ada", "none")
QUICK = Pauses(first_s=0.02, most_s=0.05, give_up_s=3600.0)


async def one_alarm(one: Alarming, **channel: object) -> str:
    """A channel, and an alarm that it is told of."""
    one.inventory("web")
    channel_id = await one.channel(**channel)
    await one.rule(channels=(channel_id,))
    await one.after(0, web=95)
    return channel_id


class Now(Clock):
    """A clock that goes by itself, too: pauses are waited for."""

    def __call__(self) -> float:
        return self.now + asyncio.get_running_loop().time()


async def test_it_is_sent_and_says_so(database: Database) -> None:
    async with alarming(database) as one:
        channel_id = await one_alarm(one, webhook={"url": "http://127.0.0.1:9/", "secret": "s3cret"})
        await until(lambda: one.messages()[0].state == "sent")
        (message,) = one.messages()
        assert (message.attempts, message.event, message.severity, message.count) == (1, "raised", "warning", 1)
        assert message.alarm == one.shown()["web"].id
        (sent,) = one.office.taken
        assert isinstance(sent, Webhook)
        assert (sent.delivery, sent.event, sent.secret) == (message.id, "raised", "s3cret")
        body = msgspec.json.decode(sent.body)
        assert body["id"] == message.id
        assert body["channel"] == {"id": channel_id, "name": "ops"}
        assert body["alarm"] == body["alarms"][0]
        assert body["alarm"]["object"] == {
            "type": "VM", "uuid": "web", "name": "web", "link": "https://podium.example/vms/web",
        }  # fmt: skip
        assert body["alarm"]["pool"]["name"] == "Lyon"
        assert (body["alarm"]["value"], body["alarm"]["valueText"]) == (95.0, "95 %")
        await until(lambda: one.the_channel(channel_id).last_sent_at is not msgspec.UNSET)
        assert one.the_channel(channel_id).last_error is msgspec.UNSET


async def test_a_failure_is_tried_again_and_shown(database: Database) -> None:
    office = PostOffice()
    office.closed = "500 Oops"
    async with alarming(database, office=office, clock=Now(), pauses=QUICK) as one:
        channel_id = await one_alarm(one)
        await until(lambda: one.messages()[0].attempts >= 3)
        (message,) = one.messages()
        assert (message.state, message.last_error) == ("queued", "500 Oops")
        assert one.the_channel(channel_id).last_error.message == "500 Oops"  # type: ignore[union-attr]
        office.closed = ""
        await until(lambda: one.messages()[0].state == "sent")
        attempts = office.attempts
        await until(lambda: one.the_channel(channel_id).last_error is msgspec.UNSET)
        await asyncio.sleep(0.15)
        assert office.attempts == attempts, "never twice after a success"
        assert len(office.taken) == 1


async def test_pauses_grow_up_to_a_bound() -> None:
    pauses = Pauses()
    random = Random(1)
    longest = [max(pauses.after(attempts, random) for _ in range(200)) for attempts in range(1, 15)]
    shortest = [min(pauses.after(attempts, random) for _ in range(200)) for attempts in range(1, 15)]
    assert 4.5 < longest[0] <= 5
    assert 2.5 <= shortest[0] < 3
    assert all(later >= earlier * 0.95 for earlier, later in pairwise(longest))
    assert 3_500 < longest[-1] <= 3_600
    assert pauses.after(10_000, random) <= 3_600


async def test_it_is_given_up_after_a_day_and_can_be_tried_again(database: Database) -> None:
    office = PostOffice()
    office.closed = "nobody there"
    clock = Now()
    async with alarming(database, office=office, clock=clock, pauses=QUICK) as one:
        await one_alarm(one)
        await until(lambda: one.messages()[0].attempts == 1)
        clock.now += 3_600
        await until(lambda: one.messages()[0].state == "failed")
        (message,) = one.messages()
        assert message.last_error == "nobody there"
        assert message.next_attempt_at is msgspec.UNSET
        office.closed = ""
        with pytest.raises(MissingPrivileges):
            await one.notifications.retry(message.id, by=NOBODY)
        with pytest.raises(NotFound):
            await one.notifications.retry("nope", by=ROOT)
        await one.notifications.retry(message.id, by=ROOT)
        await until(lambda: one.messages()[0].state == "sent")
        with pytest.raises(IncorrectState):
            await one.notifications.retry(message.id, by=ROOT)
        await one.notifications.delete(message.id, by=ROOT)
        assert one.messages() == []


async def test_a_restart_in_the_middle_loses_nothing(database: Database) -> None:
    clock, numbers, office = Now(), Numbers(), PostOffice()
    office.closed = "away"
    async with alarming(database, office=office, clock=clock, numbers=numbers, pauses=QUICK) as one:
        await one_alarm(one)
        await until(lambda: one.messages()[0].attempts == 2)
        with pytest.raises(IncorrectState):
            await one.notifications.delete(one.messages()[0].id, by=ROOT)
        message_id = one.messages()[0].id
    office.closed = ""
    async with alarming(database, office=office, clock=clock, numbers=numbers, pauses=QUICK) as one:
        await until(lambda: one.messages()[0].state == "sent")
        assert [sent.delivery for sent in office.taken] == [message_id]
        assert one.messages()[0].attempts >= 3
    async with alarming(database, office=office, clock=clock, numbers=numbers, pauses=QUICK) as one:
        await asyncio.sleep(0.05)
        assert len(office.taken) == 1
        assert [message.state for message in one.messages()] == ["sent"]


async def test_what_is_being_sent_at_the_end_is_written_down(database: Database) -> None:
    office = PostOffice()
    office.hold = asyncio.Event()
    async with alarming(database, office=office) as one:
        await one_alarm(one)
        await until(lambda: office.attempts == 1)
        asyncio.get_running_loop().call_later(0.05, office.hold.set)
    async with database.read() as tx:
        assert list(await tx.scalars(select(NotificationRow.state))) == ["sent"]


async def test_one_stuck_channel_does_not_hold_up_another(database: Database) -> None:
    office = PostOffice()
    async with alarming(database, office=office) as one:
        one.inventory("web")
        stuck, fine = await one.channel(name="stuck"), await one.channel(name="fine")
        office.hold = asyncio.Event()
        await one.rule(channels=(stuck,))
        await one.after(0, web=95)
        await until(lambda: office.attempts == 1)
        holding, office.hold = office.hold, None
        await one.rule(channels=(fine,))
        await one.after(1, web=95)
        await until(lambda: {message.channel: message.state for message in one.messages()}[fine] == "sent")
        assert {message.channel: message.state for message in one.messages()}[stuck] == "queued"
        holding.set()
        await until(lambda: all(message.state == "sent" for message in one.messages()))


async def test_a_success_frees_all_that_waits(database: Database) -> None:
    office = PostOffice()
    office.closed = "away"
    async with alarming(database, office=office, clock=Now(), pauses=Pauses(first_s=0.3, most_s=3_600.0)) as one:
        one.inventory("a", "b", "c")
        await one.rule(channels=(await one.channel(),))
        await one.after(0, a=95, b=95, c=95)
        await until(lambda: all(message.attempts == 1 for message in one.messages()))
        office.closed = ""
        await until(lambda: len(office.taken) == 3)


async def test_a_channel_that_is_off_waits_and_one_that_changes_is_tried_at_once(database: Database) -> None:
    office = PostOffice()
    office.closed = "401 Unauthorized"
    async with alarming(database, office=office, pauses=Pauses(first_s=1_000.0)) as one:
        channel_id = await one_alarm(one)
        await until(lambda: one.messages()[0].attempts == 1)
        await one.channels.change(channel_id, ChannelDraft(enabled=False), by=ROOT)
        await until(lambda: one.messages()[0].attempts == 2)
        assert one.messages()[0].last_error == "the channel is switched off"
        assert office.attempts == 1
        office.closed = ""
        await one.channels.change(channel_id, ChannelDraft(enabled=True, webhook={"secret": "right"}), by=ROOT)
        await until(lambda: one.messages()[0].state == "sent")


async def test_what_waits_for_a_channel_that_is_deleted_has_failed(database: Database) -> None:
    office = PostOffice()
    office.closed = "away"
    async with alarming(database, office=office, pauses=Pauses(first_s=1_000.0)) as one:
        channel_id = await one_alarm(one)
        await until(lambda: one.messages()[0].attempts == 1)
        with pytest.raises(IncorrectState, match="busy"):
            await one.channels.delete(channel_id, by=ROOT)
        await one.rules.delete(one.rules.all()[0].id, by=ROOT)
        await one.channels.delete(channel_id, by=ROOT)
        await until(lambda: one.messages()[0].state == "failed")
        assert one.messages()[0].last_error == "the channel was deleted before this could be sent"
        with pytest.raises(IncorrectState):
            await one.notifications.retry(one.messages()[0].id, by=ROOT)


async def test_secrets_are_sealed_and_never_shown(database: Database) -> None:
    async with alarming(database) as one:
        hidden = {"url": "http://127.0.0.1:9/", "secret": "s3cret", "headers": {"Authorization": "Bearer t0ken"}}
        channel_id = await one.channel(webhook=hidden)
        entry = one.objects.get(channel_id)
        assert entry is not None
        assert b"s3cret" not in entry.body
        assert b"t0ken" not in entry.body
        shown = one.the_channel(channel_id).webhook
        assert shown is not msgspec.UNSET
        assert (shown.header_names, shown.has_secret) == (("Authorization",), True)
        async with database.read() as tx:
            (row,) = list(await tx.scalars(select(ChannelRow)))
        assert b"s3cret" not in row.secrets + repr(row).encode() + msgspec.json.encode(row.settings)
        assert one.channels.secrets(channel_id).headers == {"Authorization": "Bearer t0ken"}
        moved = ChannelDraft(webhook={"url": "http://evil.example/"})
        with pytest.raises(InvalidParameters, match="send headers and secret again"):
            await one.channels.change(channel_id, moved, by=ROOT)
        await one.channels.change(channel_id, ChannelDraft(webhook={"url": "http://127.0.0.1:9/other"}), by=ROOT)
        assert one.channels.secrets(channel_id).secret == "s3cret"
        await one.channels.change(channel_id, ChannelDraft(webhook={"secret": None}), by=ROOT)
        assert one.channels.secrets(channel_id).secret == ""
        assert one.channels.secrets(channel_id).headers != {}
    async with alarming(database) as one:
        assert one.channels.secrets(channel_id).headers == {"Authorization": "Bearer t0ken"}


async def test_a_mail_password_does_not_go_elsewhere(database: Database) -> None:
    async with alarming(database) as one:
        settings = {
            "host": "mail.example.org", "username": "ops", "password": "p4ss", "sender": "a@example.org",
            "recipients": ["b@example.org"],
        }  # fmt: skip
        channel_id = await one.channel(kind="email", webhook=None, email=settings)
        shown = one.the_channel(channel_id).email
        assert shown is not msgspec.UNSET
        assert (shown.port, shown.security, shown.has_password) == (587, "starttls", True)
        for change in ({"host": "evil.example"}, {"port": 25}, {"allow_unauthorized": True}):
            with pytest.raises(InvalidParameters, match="send the password again"):
                await one.channels.change(channel_id, ChannelDraft(email=change), by=ROOT)
        change = {"security": "none", "password": "p4ss"}
        with pytest.raises(InvalidParameters, match="not encrypted"):
            await one.channels.change(channel_id, ChannelDraft(email=change), by=ROOT)
        await one.channels.change(channel_id, ChannelDraft(email={"recipients": ["c@example.org"]}), by=ROOT)
        assert one.channels.secrets(channel_id).password == "p4ss"


class RealPost(PostOffice):
    """Sends over the network, and counts."""

    async def __call__(self, message: Webhook | Mail) -> Answer:
        self.attempts += 1
        said = await send(message)
        self.taken.append(message)
        return said


async def test_servers_that_come_back(database: Database) -> None:
    """Nobody listens, then somebody who is slow and failing, then all is well: over real sockets and a restart."""
    clock, numbers, office = Now(), Numbers(), RealPost()
    async with hook() as gone, mailbox() as gone_too:
        url, smtp = gone.url, gone_too.port
    settings = {"host": "127.0.0.1", "port": smtp, "security": "none", "sender": "p@x.org", "recipients": ["a@x.org"]}
    async with alarming(database, office=office, clock=clock, numbers=numbers, pauses=QUICK) as one:
        one.inventory("web")
        told = (await one.channel(webhook={"url": url}), await one.channel(kind="email", webhook=None, email=settings))
        await one.rule(channels=told)
        await one.after(0, web=95)
        await until(lambda: min(message.attempts for message in one.messages()) >= 2)
        assert all(one.the_channel(channel).last_error for channel in told)
    answers = [answer(500, "Oops"), b"", answer(200, "OK")]  # b"": it hangs up
    async with (
        hook(gone.port, answers=answers, delay_s=0.05) as server,
        mailbox(port=smtp) as box,
        alarming(database, office=office, clock=clock, numbers=numbers, pauses=QUICK) as one,
    ):
        box.busy = ["451 come back later"]
        await until(lambda: all(message.state == "sent" for message in one.messages()))
        assert len(server.heard) == 3
        assert len({heard.headers["x-podium-delivery"] for heard in server.heard}) == 1
        assert len(box.got) == 1
        assert len(office.taken) == 2
        await until(lambda: all(one.the_channel(channel).last_error is msgspec.UNSET for channel in told))
