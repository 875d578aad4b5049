"""E-mail: one plain-text message to one SMTP server."""

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Literal

import aiosmtplib
import msgspec

from podium.notify.sending import LIMIT_S, Answer, SendError, excerpt, tls

_TAKEN: Final = 250


class Mail(msgspec.Struct, frozen=True):
    """`security`: none, STARTTLS (required, not just tried), or TLS from the first byte. `username` "": no sign-in.

    `time`: an RFC 5322 date.
    """

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    delivery: str
    time: str
    username: str = ""
    password: str = ""
    allow_unauthorized: bool = False

    def __repr__(self) -> str:
        return f"Mail({self.delivery})"


async def send(mail: Mail) -> Answer:
    """Hand it to the server. Raises SendError, also when the server refuses all recipients."""
    client = aiosmtplib.SMTP(
        hostname=mail.host,
        port=mail.port,
        timeout=LIMIT_S,
        use_tls=mail.security == "tls",
        start_tls=mail.security == "starttls",
        username=mail.username or None,
        password=mail.password or None,
        tls_context=tls(verified=not mail.allow_unauthorized) if mail.security != "none" else None,
    )
    try:
        async with asyncio.timeout(LIMIT_S), client:
            refused, said = await client.send_message(message_of(mail))
    except TimeoutError as error:
        raise SendError(f"no answer within {LIMIT_S:.0f} s") from error
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise SendError(
            excerpt("; ".join(f"{one.recipient}: {one.code} {one.message}" for one in error.recipients))
        ) from error
    except aiosmtplib.SMTPResponseException as error:
        raise SendError(excerpt(f"{error.code} {error.message}")) from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise SendError(excerpt(str(error)) or type(error).__name__) from error
    # the others have it already: to send it again would not help these, and bother those
    warning = "; ".join(f"{name}: {one.code} {one.message}" for name, one in refused.items())
    return Answer(_TAKEN, excerpt(said), excerpt(warning))


def message_of(mail: Mail) -> EmailMessage:
    """The message. Its id is the delivery's: who gets it twice can tell."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(mail.sender)
    message["To"] = [_address(one) for one in mail.recipients]
    message["Subject"] = " ".join(mail.subject.split())[:500]
    message["Date"] = mail.time
    message["Message-ID"] = f"<{mail.delivery}@podium.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Podium-Delivery"] = mail.delivery
    message.set_content(mail.text)
    return message


def _address(text: str) -> Address:
    return Address(addr_spec=text)
