"""E-mail against a real SMTP server: with TLS and without, signed in, refused, busy, away."""

import ssl
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from podium.notify import sending
from podium.notify.mail import Mail, send
from podium.notify.sending import SendError
from tests.notify.listeners import Mailbox, mailbox
from xensim import tls as identities

TO = ("ada@example.org", "bob@example.org")


def mail(box: Mailbox, **changes: Any) -> Mail:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": box.port,
        "security": "none",
        "sender": "podium@example.org",
        "recipients": TO,
        "subject": "Mémoire de web-12\r\nBcc: eve@example.org",
        "text": "Première ligne\n.\nune ligne avec un point\n",
        "delivery": "d1",
        "time": "Tue, 24 Nov 2026 12:00:00 +0000",
    }
    return Mail(**{**values, **changes})


def server_context() -> ssl.SSLContext:
    made = identities.context()
    identities.install(made, identities.make("mail.test", "127.0.0.1"))
    return made


async def test_what_arrives() -> None:
    async with mailbox() as box:
        said = await send(mail(box))
        assert (said.code, said.text, said.warning) == (250, "queued as 42", "")
        (envelope,) = box.got
        assert (envelope.mail_from, envelope.rcpt_tos) == ("podium@example.org", list(TO))
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert message["Subject"] == "Mémoire de web-12 Bcc: eve@example.org"
        assert message["Bcc"] is None
        assert message["To"] == ", ".join(TO)
        assert message["Message-ID"] == "<d1@podium.invalid>"
        assert message["X-Podium-Delivery"] == "d1"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message.get_content().replace("\r", "") == "Première ligne\n.\nune ligne avec un point\n"


async def test_starttls_with_sign_in() -> None:
    async with mailbox(starttls=server_context(), password="p4ss") as box:
        whole = {"security": "starttls", "username": "ops", "password": "p4ss"}
        with pytest.raises(SendError, match=r"(?i)certificate"):
            await send(mail(box, **whole))
        await send(mail(box, **whole, allow_unauthorized=True))
        assert box.secure == [True]
        with pytest.raises(SendError, match="535"):
            await send(mail(box, **{**whole, "password": "wrong"}, allow_unauthorized=True))
        assert len(box.got) == 1


async def test_tls_from_the_first_byte() -> None:
    async with mailbox(tls=server_context()) as box:
        await send(mail(box, security="tls", allow_unauthorized=True))
        assert len(box.got) == 1
        with pytest.raises(SendError, match=r"(?i)certificate"):
            await send(mail(box, security="tls"))


async def test_starttls_is_required_and_not_just_tried() -> None:
    async with mailbox() as box:
        with pytest.raises(SendError):
            await send(mail(box, security="starttls", allow_unauthorized=True))
        assert box.got == []


async def test_refusals() -> None:
    async with mailbox() as box:
        box.refuse = {"bob@example.org"}
        said = await send(mail(box))
        assert said.warning == "bob@example.org: 550 no such user here"
        assert len(box.got) == 1
        box.refuse = set(TO)
        with pytest.raises(SendError, match=r"ada@example.org: 550 no such user here; bob@example.org: 550"):
            await send(mail(box))
        box.refuse, box.busy = set(), ["451 come back later"]
        with pytest.raises(SendError, match="451 come back later"):
            await send(mail(box))
        await send(mail(box))
        assert len(box.got) == 2


async def test_nobody_there() -> None:
    async with mailbox() as box:
        pass
    with pytest.raises(SendError):
        await send(mail(box))


async def test_somebody_who_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.notify.mail.LIMIT_S", 0.1)
    async with mailbox(tls=server_context()) as box:  # it waits for a handshake that does not come
        with pytest.raises(SendError):
            await send(mail(box))


def test_secrets_are_not_shown() -> None:
    assert "p4ss" not in repr(mail(Mailbox(), username="ops", password="p4ss"))
    assert len(sending.excerpt("x" * 1000)) == sending.REPEATED
