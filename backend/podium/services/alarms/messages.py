"""From an event to the message that is sent: a channel's template, or the one that Podium brings."""

import json
from email.utils import formatdate
from typing import Final

import msgspec
from msgspec import UNSET

from podium.errors import InvalidParameters
from podium.model.alarm import AlarmEvent, Language, MailSettings, NotificationChannel, WebhookSettings
from podium.notify.mail import Mail
from podium.notify.webhook import Webhook
from podium.services.alarms.payload import Told, ToldAcknowledgement, ToldAlarm, ToldName, ToldObject, told
from podium.services.alarms.templates import render, values_of
from podium.services.alarms.texts import Facts, sentence, severity_word, value_text

SUBJECT: Final[dict[Language, str]] = {
    "en": "[Podium] {{ label }}: {{ title }}",
    "fr": "[Podium] {{ label }} : {{ title }}",
}
BODY: Final[dict[Language, str]] = {
    "en": """\
{% for alarm in alarms %}
{{ alarm.text }}.
  {{ alarm.object.type }} {{ alarm.object.name }} ({{ alarm.object.uuid }}), pool {{ alarm.pool.name }}
{% if alarm.rule %}
  Rule: {{ alarm.rule.name }}
{% endif %}
{% if alarm.acknowledged %}
  Acknowledged by {{ alarm.acknowledged.by }}{% if alarm.acknowledged.note %}: {{ alarm.acknowledged.note }}{% endif %}

{% endif %}
{% if alarm.object.link %}
  {{ alarm.object.link }}
{% endif %}

{% endfor %}
{% if count > alarms|length %}
... and {{ count - alarms|length }} more.
{% endif %}
""",
    "fr": """\
{% for alarm in alarms %}
{{ alarm.text }}.
  {{ alarm.object.type }} {{ alarm.object.name }} ({{ alarm.object.uuid }}), pool {{ alarm.pool.name }}
{% if alarm.rule %}
  Règle : {{ alarm.rule.name }}
{% endif %}
{% if alarm.acknowledged %}
  Acquittée par {{ alarm.acknowledged.by }}{% if alarm.acknowledged.note %} : {{ alarm.acknowledged.note }}{% endif %}

{% endif %}
{% if alarm.object.link %}
  {{ alarm.object.link }}
{% endif %}

{% endfor %}
{% if count > alarms|length %}
... et {{ count - alarms|length }} de plus.
{% endif %}
""",
}
"""Of e-mails. A webhook without a template sends the event as JSON."""
_TEST: Final[dict[Language, str]] = {
    "en": "This is a test of the channel {}",
    "fr": "Ceci est un essai du canal {}",
}
_ENDED: Final[dict[Language, str]] = {"en": "ended", "fr": "terminée"}
_SEEN: Final[dict[Language, str]] = {"en": "acknowledged", "fr": "acquittée"}


class Secrets(msgspec.Struct, frozen=True):
    """What of a channel is never shown."""

    headers: dict[str, str] = {}
    secret: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Secrets()"


def label(event: AlarmEvent, content: Told, language: Language) -> str:
    """One word for a subject: how bad it is, or that it is over."""
    match event:
        case "raised":
            return severity_word(content.severity, language)
        case "ended":
            return _ENDED[language]
        case "acknowledged":
            return _SEEN[language]


def message_of(
    channel: NotificationChannel, secrets: Secrets, content: Told, *, delivery: str, now: float
) -> Webhook | Mail:
    """The message for that channel. Raises InvalidParameters for a template that does not work with this content."""
    if channel.webhook is not UNSET:
        return _webhook(channel, channel.webhook, secrets, content, delivery=delivery, now=now)
    if channel.email is not UNSET:
        return _mail(channel, channel.email, secrets, content, delivery=delivery, now=now)
    raise InvalidParameters("the channel has no settings")


def sample(language: Language, *, now: float, channel: str) -> Told:
    """A message for trying out: its names have what makes templates stumble."""
    at = int(now * 1000)
    facts = Facts("VM", "cpu", 'web "12"', "above", 90.0, 300.0, 93.4)
    alarm = ToldAlarm(
        id="00000000-0000-4000-8000-000000000000",
        severity="warning",
        text=sentence(facts, language),
        state="raised",
        metric="cpu",
        value=facts.value,
        value_text=value_text(facts.value, "percent", language),
        unit="percent",
        object=ToldObject("VM", "00000000-0000-4000-8000-000000000001", facts.name),
        pool=ToldName("00000000-0000-4000-8000-000000000002", "Pool <é>"),
        raised_at=at,
        rule=ToldName("00000000-0000-4000-8000-000000000003", "Test"),
        comparison="above",
        threshold=90.0,
        acknowledged=ToldAcknowledgement("admin", at),
    )
    title = _TEST[language].format(channel)
    return told("raised", title, [alarm], 1)


def check_templates(channel: NotificationChannel) -> None:
    """Make the message once. Raises InvalidParameters when that does not work, or a JSON template makes no JSON."""
    content = sample(channel.language, now=0.0, channel=channel.name)
    message = message_of(channel, Secrets(), content, delivery=content.alarm.id, now=0.0)
    if isinstance(message, Webhook):
        named = channel.webhook.header_names if channel.webhook is not UNSET else ()
        if any(name.lower() == "content-type" for name in named):
            return  # what the type is, is a secret of the channel's
        try:
            json.loads(message.body)
        except ValueError as error:
            raise InvalidParameters(
                f"the template makes no JSON ({error}); write texts as {{{{ title|tojson }}}}"
            ) from error


def _named(channel: NotificationChannel, delivery: str, now: float) -> dict[str, object]:
    """What a message has beside its content."""
    return {"id": delivery, "channel": {"id": channel.id, "name": channel.name}, "time": int(now * 1000)}


def _values(channel: NotificationChannel, content: Told, delivery: str, now: float) -> dict[str, object]:
    word = label(content.event, content, channel.language)
    return values_of(content) | _named(channel, delivery, now) | {"label": word}


def _webhook(
    channel: NotificationChannel,
    settings: WebhookSettings,
    secrets: Secrets,
    content: Told,
    *,
    delivery: str,
    now: float,
) -> Webhook:
    if settings.body_template:
        body = render(settings.body_template, _values(channel, content, delivery, now)).encode(errors="replace")
    else:
        body = msgspec.json.encode(_named(channel, delivery, now) | msgspec.to_builtins(content))
    return Webhook(
        url=settings.url,
        body=body,
        delivery=delivery,
        event=content.event,
        time=int(now),
        headers=secrets.headers,
        secret=secrets.secret,
        allow_unauthorized=settings.allow_unauthorized,
    )


def _mail(
    channel: NotificationChannel, settings: MailSettings, secrets: Secrets, content: Told, *, delivery: str, now: float
) -> Mail:
    values = _values(channel, content, delivery, now)
    return Mail(
        host=settings.host,
        port=settings.port,
        security=settings.security,
        sender=settings.sender,
        recipients=settings.recipients,
        subject=render(settings.subject_template or SUBJECT[channel.language], values),
        text=render(settings.body_template or BODY[channel.language], values),
        delivery=delivery,
        time=formatdate(now),
        username=settings.username,
        password=secrets.password,
        allow_unauthorized=settings.allow_unauthorized,
    )
