"""What alarms say, in sentences: for people who read lists, mails and chats, in each of Podium's languages."""

from dataclasses import dataclass
from typing import Final, Literal

from podium.metrics.catalog import metric_of
from podium.model.alarm import Comparison, Language, Severity

Outcome = Literal["raised", "silent", "back", "gone", "left", "rule"]
"""raised; silent: and no value comes any more; back: ended; ended because the object is gone, the rule is not about it
any more (left), or the rule was changed, switched off or deleted."""

_METRICS: Final[dict[str, tuple[str, str]]] = {
    "cpu": ("CPU use", "utilisation du processeur"),
    "load": ("the load average", "charge moyenne"),
    "memory": ("memory", "mémoire"),
    "memoryUsed": ("memory used", "mémoire utilisée"),
    "memoryFree": ("free memory", "mémoire libre"),
    "memoryPercent": ("memory use", "utilisation de la mémoire"),
    "networkRx": ("network traffic received", "trafic réseau reçu"),
    "networkTx": ("network traffic sent", "trafic réseau émis"),
    "network": ("network traffic", "trafic réseau"),
    "diskRead": ("disk reading", "lecture des disques"),
    "diskWrite": ("disk writing", "écriture des disques"),
    "disk": ("disk traffic", "trafic des disques"),
    "iops": ("disk requests", "requêtes aux disques"),
    "diskLatency": ("disk latency", "latence des disques"),
    "iowait": ("I/O wait", "attente des entrées-sorties"),
    "space": ("space used", "espace utilisé"),
}
_SEVERITIES: Final[dict[Language, dict[Severity, str]]] = {
    "en": {"info": "info", "warning": "warning", "critical": "critical"},
    "fr": {"info": "info", "warning": "avertissement", "critical": "critique"},
}
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_UNITS_FR: Final = ("o", "Kio", "Mio", "Gio", "Tio", "Pio")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence needs. `value`: the newest known; `lasted_s`: how long the alarm has been raised, at its end."""

    kind: str
    metric: str
    name: str
    comparison: Comparison
    threshold: float
    duration_s: float
    value: float
    outcome: Outcome = "raised"
    lasted_s: float = 0.0


def sentence(facts: Facts, language: Language = "en") -> str:
    """One sentence, without a full stop at its end."""
    return (_french if language == "fr" else _english)(facts)


def plain(text: str, most: int = 255) -> str:
    """What a pool calls something, on one line: names may hold anything, also what no database takes."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:most]


def severity_word(severity: Severity, language: Language) -> str:
    return _SEVERITIES[language][severity]


def value_text(value: float, unit: str, language: Language = "en") -> str:
    """A value with its unit, as people write it: "93.4 %", "1.5 GiB"."""
    if unit in ("bytes", "bytes/s"):
        names = _UNITS_FR if language == "fr" else _UNITS
        step = 0
        while abs(value) >= 1024 and step < len(names) - 1:
            value, step = value / 1024, step + 1
        text = f"{_number(value)} {names[step]}{'/s' if unit == 'bytes/s' else ''}"
    elif unit == "percent":
        text = f"{_number(value)} %"
    elif unit == "ms":
        text = f"{_number(value)} ms"
    elif unit == "requests/s":
        text = f"{_number(value)}/s"
    else:
        text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "fr" else text


def duration_text(seconds: float, language: Language = "en") -> str:
    """In the largest unit that does not lose much: 300 is "5 minutes"."""
    words = (("jour", "heure", "minute", "seconde"), ("day", "hour", "minute", "second"))[language == "en"]
    for size, word in zip((86_400, 3_600, 60, 1), words, strict=True):
        if seconds >= size and (seconds % size == 0 or seconds >= 2 * size):
            count = round(seconds / size)
            return f"{count} {word}{'s' if count != 1 else ''}"
    return f"{round(seconds)} {words[3]}s"


def metric_words(metric: str, language: Language = "en") -> str:
    return _METRICS[metric][language == "fr"] if metric in _METRICS else metric


def unit_of(kind: str, metric: str) -> str:
    """The unit of a metric; "count" for one that this version does not know."""
    found = metric_of(kind, metric)
    return "count" if found is None else found.unit


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _english(facts: Facts) -> str:
    unit = unit_of(facts.kind, facts.metric)
    words = metric_words(facts.metric)
    what = f"{words[0].upper()}{words[1:]} of {facts.name}"
    limit = f"{facts.comparison} {value_text(facts.threshold, unit)}"
    value = value_text(facts.value, unit)
    has_been = (
        f"{what} has been {limit} for {duration_text(facts.duration_s)} ({value})"
        if facts.duration_s >= 1
        else f"{what} is {limit} ({value})"
    )
    match facts.outcome:
        case "raised":
            return has_been
        case "silent":
            return f"{has_been}; since then there is no value any more"
        case "back":
            return f"{what} is back at {value}, after {duration_text(facts.lasted_s)} of alarm ({limit})"
        case "gone":
            return f"{facts.name} is gone; its alarm ({words} {limit}) has ended"
        case "left":
            return f"{facts.name} is not what the rule is about any more; its alarm ({words} {limit}) has ended"
        case "rule":
            return f"The rule was changed or switched off; the alarm of {facts.name} ({words} {limit}) has ended"


def _french(facts: Facts) -> str:
    unit = unit_of(facts.kind, facts.metric)
    words = metric_words(facts.metric, "fr")
    side = "au-dessus" if facts.comparison == "above" else "au-dessous"
    limit = f"{side} de {value_text(facts.threshold, unit, 'fr')}"
    value = value_text(facts.value, unit, "fr")
    what = f"{facts.name} : {words}"
    since = f" depuis {duration_text(facts.duration_s, 'fr')}" if facts.duration_s >= 1 else ""
    match facts.outcome:
        case "raised":
            return f"{what} {limit}{since} ({value})"
        case "silent":
            return f"{what} {limit}{since} ({value}) ; plus aucune valeur depuis"
        case "back":
            return f"{what} de retour à {value} après {duration_text(facts.lasted_s, 'fr')} d'alarme ({limit})"
        case "gone":
            return f"{facts.name} n'existe plus ; son alarme ({words} {limit}) est terminée"
        case "left":
            return f"La règle ne concerne plus {facts.name} ; son alarme ({words} {limit}) est terminée"
        case "rule":
            return f"La règle a été modifiée ou désactivée ; l'alarme de {facts.name} ({words} {limit}) est terminée"


def pool_sentence(name: str, what: str, value: str, language: Language) -> str:
    """Of an alarm that a pool raised: `what` is its own word for it."""
    said = f"{what} ({value})" if value else plain(what, 300)
    return f"{name} : {said}" if language == "fr" else f"{name}: {said}"
