"""Templates of messages: what they can do, and what they cannot do to us."""

import time

import pytest

from podium.errors import InvalidParameters
from podium.metrics.catalog import CATALOG
from podium.services.alarms.messages import BODY, SUBJECT, sample
from podium.services.alarms.templates import render, values_of
from podium.services.alarms.texts import Facts, duration_text, metric_words, sentence, value_text

VALUES = values_of(sample("en", now=1_800_000_000.0, channel="ops")) | {"label": "warning"}


def test_the_texts_that_podium_brings() -> None:
    assert render(SUBJECT["en"], VALUES) == "[Podium] warning: This is a test of the channel ops"
    text = render(BODY["en"], VALUES)
    assert text.startswith('CPU use of web "12" has been above 90 % for 5 minutes (93.4 %).\n  VM web "12" (')
    assert "  Rule: Test\n" in text
    assert "Acknowledged by admin\n" in text
    assert "None" not in text
    french = values_of(sample("fr", now=0.0, channel="ops")) | {"label": "critique"}
    assert render(BODY["fr"], french).startswith('web "12" : utilisation du processeur au-dessus de 90 % depuis 5 min')
    many = VALUES | {"count": 250}
    assert render(BODY["en"], many).endswith("... and 249 more.\n")


def test_what_templates_can_do() -> None:
    template = (
        '{"text": {{ title|tojson }}, "items": [{% for alarm in alarms %}{{ alarm.text|tojson }}'
        "{% if not loop.last %},{% endif %}{% endfor %}]{% if alarm.severity == 'critical' or count > 3 %}!{% endif %}}"
    )
    assert render(template, VALUES).startswith('{"text": "This is a test of the channel ops", "items": ["CPU use of')
    assert render("{{ (alarm.value - 3.4) / 2 }}", VALUES) == "45.0"
    assert render("{{ alarm.note|default('none') if alarm.endedAt else alarm.rule.name }}", VALUES) == "Test"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ alarm.nothing.more }}", "has no attribute 'nothing'"),
        ("line\n{% if %}", "line 2 of the template"),
        ("{{ title|nosuch }}", "there is no filter nosuch here"),
        ("{{ title + 1 }}", "does not work"),
        ("{{ 1 / 0 }}", "does not work"),
        ("{{ title.upper() }}", "call is not among"),
        ("{{ ''.__class__.__mro__ }}", "does not work"),
        ("{{ 'x' * 1000000000 }}", "mul is not among"),
        ("{{ 2 ** 100000000 }}", "pow is not among"),
        ("{{ title|center(1000000000) }}", "no filter center"),
        ("{{ '%999999999d'|format(1) }}", "no filter format"),
        ("{% set a = title %}", "assign is not among"),
        ("{% macro a() %}{{ a() }}{% endmacro %}", "macro is not among"),
        ("{% include '/etc/passwd' %}", "include is not among"),
        ("{% for a in alarms %}{% for b in alarms %}{% for c in alarms %}{% endfor %}{% endfor %}{% endfor %}", "deep"),
        ("{% for a in alarms recursive %}{{ loop(a) }}{% endfor %}", "call is not among|deep"),
        ("x" * 20_001, "at most 20000 characters"),
        ("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "nested too deeply"),
    ],
)
def test_what_they_cannot(template: str, words: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidParameters) as caught:
        render(template, VALUES)
    assert any(part in str(caught.value) for part in words.split("|")), str(caught.value)
    assert time.process_time() - began < 1


def test_a_template_makes_only_so_much() -> None:
    values = VALUES | {"alarms": [{"text": "x" * 1_000}] * 100}
    with pytest.raises(InvalidParameters, match="512 KiB"):
        render("{% for a in alarms %}{% for b in alarms %}{{ b.text }}{% endfor %}{% endfor %}", values)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (93.44, "percent", "93.4 %"),
        (90.0, "percent", "90 %"),
        (1024**3 * 1.5, "bytes", "1.5 GiB"),
        (1000.0, "bytes/s", "1000 B/s"),
        (5 * 1024.0**2, "bytes/s", "5 MiB/s"),
        (12.34, "ms", "12.3 ms"),
        (420.0, "requests/s", "420/s"),
        (0.256, "count", "0.26"),
    ],
)
def test_values_as_people_write_them(value: float, unit: str, text: str) -> None:
    assert value_text(value, unit) == text


def test_durations() -> None:
    assert [duration_text(one) for one in (1, 90, 60, 300, 3_600, 7_200, 86_400, 200)] == [
        "1 second", "90 seconds", "1 minute", "5 minutes", "1 hour", "2 hours", "1 day", "3 minutes",
    ]  # fmt: skip
    assert duration_text(3_600, "fr") == "1 heure"


def test_sentences() -> None:
    facts = Facts("SR", "space", "store", "above", 90.0, 0.0, 93.4)
    assert sentence(facts) == "Space used of store is above 90 % (93.4 %)"
    assert sentence(facts, "fr") == "store : espace utilisé au-dessus de 90 % (93,4 %)"
    low = Facts("host", "memoryFree", "h1", "below", 2.0 * 1024**3, 60.0, 1024.0**3)
    assert sentence(low) == "Free memory of h1 has been below 2 GiB for 1 minute (1 GiB)"


def test_every_metric_has_words() -> None:
    for kind, metrics in CATALOG.items():
        for metric in metrics:
            assert metric_words(metric.name) != metric_words(metric.name, "fr"), (kind, metric.name)
