"""Refusals: a failure that a pool answered, as an error of ours that says what, why and what to do."""

import re
from collections.abc import Callable
from typing import Final

from podium.errors import (
    InvalidParameters,
    NotFound,
    NotSupported,
    OperationInProgress,
    PodiumError,
    PoolError,
    XapiCause,
)
from podium.model.base import PoolObject
from podium.services.refusal_table import refusal
from podium.services.refusal_table.words import SIZES, VOCABULARY
from podium.xapi.errors import HANDLE_INVALID, MISSING_PLUGINS, PLUGIN_FAILED, XapiError

EVACUATION: Final = "CANNOT_EVACUATE_HOST"
UNKNOWN: Final = "?"
"""Stands for what XAPI did not say, and for objects that nobody knows: clients never see refs."""
_REF: Final = re.compile(r"OpaqueRef:[0-9A-Za-z-]+")
_FLOAT: Final = re.compile(r"(\d+)\.0*")
_HOLE: Final = re.compile(r"\{(\d+)\}")
_MOST: Final = 500
"""Characters of one parameter in a sentence: drivers put whole XML documents there."""

Names = Callable[[str], str | None]


def refusal_of(error: XapiError, about: PoolObject | None, name_of: Names) -> PodiumError:
    """What a pool answered to a call about an object. `name_of`: what people call the object behind a ref, if known."""
    words = words_of(error, name_of)
    made = _special(error, about) or _made(error, words)
    made.xapi = XapiCause(error.code, error.params, words)
    return made


def words_of(error: XapiError, name_of: Names) -> tuple[str, ...]:
    """A failure's parameters as people know them, each in its place."""
    if error.code == EVACUATION:
        return tuple(_evacuation(param, name_of) for param in error.params)
    sizes = SIZES.get(error.code, frozenset())
    return tuple(
        _size(int(param)) if at in sizes and param.isdecimal() else _word(param, name_of)
        for at, param in enumerate(error.params)
    )


def filled(template: str, words: tuple[str, ...]) -> str:
    """A sentence with the words in its places. Where those at its end are missing, it ends before them."""
    given = [" ".join(word[:_MOST].split()) for word in words]

    def word(hole: re.Match[str]) -> str:
        at = int(hole[1])
        return (given[at] if at < len(given) else "") or UNKNOWN

    text = re.sub(r"(\s+\?)+$", "", _HOLE.sub(word, template).strip())
    return re.sub(r"\s*:$", ".", text)


def _special(error: XapiError, about: PoolObject | None) -> PodiumError | None:
    """What depends on the object, or on who speaks."""
    if error.code == HANDLE_INVALID and about is not None and error.params[1:2] in ((about.xapi_ref,), ()):
        return NotFound(about.type, about.id)  # it went a moment ago
    if error.code in MISSING_PLUGINS and about is not None:
        return NotSupported(f"the {about.type} {about.id} has no plugin for that: {error}")
    if error.code == PLUGIN_FAILED and error.params:
        return PoolError(error.params[0])
    return None


def _made(error: XapiError, words: tuple[str, ...]) -> PodiumError:
    known = refusal(error.code)
    if known is None:
        return PoolError(filled(f"The pool refuses: {error.code.replace('_', ' ').lower()} {_holes(words)}", words))
    sentence = filled(known.en if known.fr else f"{known.en} {_holes(words)}", words)
    if known.kind is OperationInProgress:
        return OperationInProgress(sentence, operation=_operation(error))
    if known.kind is NotFound:
        kind, name = (*error.params, "", "")[:2]
        gone = NotFound(kind or "object", "" if _REF.match(name) else name)
        gone.args = (sentence,)
        return gone
    if known.kind is InvalidParameters:
        return InvalidParameters(sentence)
    return known.kind(sentence)


def _holes(words: tuple[str, ...]) -> str:
    """Places for all words, after a sentence that has none."""
    holes = ", ".join(f"{{{at}}}" for at, word in enumerate(words) if word)
    return f"({holes})" if holes else ""


def _operation(error: XapiError) -> str:
    """XAPI's name of what is under way: a parameter, or in the code itself (HA_ENABLE_IN_PROGRESS)."""
    if len(error.params) > 2:
        return error.params[2]
    return error.code.removeprefix("HOST_").removesuffix("_IN_PROGRESS").lower()


def _word(param: str, name_of: Names) -> str:
    """Names instead of refs, words instead of XAPI's own, whole numbers instead of OCaml's floats."""
    if (number := _FLOAT.fullmatch(param)) is not None:
        return number[1]
    terms = param.split(", ")
    if all(term in VOCABULARY for term in terms):
        return " or ".join(VOCABULARY[term][0] for term in terms)
    return _REF.sub(lambda found: name_of(found[0]) or UNKNOWN, param)


def _evacuation(param: str, name_of: Names) -> str:
    """Why VMs cannot leave a host, in sentences. XAPI writes `CODE,param,param|CODE,param` (xapi_host.ml, evacuate)."""
    sentences = []
    for failure in param.split("|"):
        code, *params = failure.split(",")
        inner = XapiError(code.strip(), tuple(part.strip() for part in params))
        known = refusal(inner.code)
        sentences.append(_word(failure, name_of) if known is None else filled(known.en, words_of(inner, name_of)))
    return " ".join(sentences)


def _size(value: int) -> str:
    """Bytes for people: `1.5 GiB`."""
    size, unit = float(value), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if size < 1024 or unit == "PiB":
            break
        size /= 1024
    return f"{size:.1f}".removesuffix(".0") + f" {unit}"
