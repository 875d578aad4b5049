"""One way to send whatever kind of message."""

from podium.notify import mail, webhook
from podium.notify.mail import Mail
from podium.notify.sending import Answer
from podium.notify.webhook import Webhook


async def send(message: Webhook | Mail) -> Answer:
    """Raises SendError."""
    if isinstance(message, Webhook):
        return await webhook.post(message)
    return await mail.send(message)
