"""Refusals: a failure that a pool answered, as an error of ours that says what, why and what to do."""

import re
import string
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
from podium.services.refusal_table import BACKEND, TABLE
from podium.xapi.errors import HANDLE_INVALID, MISSING_PLUGINS, PLUGIN_FAILED, XapiError

_REF: Final = re.compile(r"OpaqueRef:[0-9A-Za-z-]+")
_BACKEND: Final = re.compile(r"SR_BACKEND_FAILURE_(\d+)")
_MOST: Final = 500
"""Characters of one parameter in a sentence: drivers put whole XML documents there."""

Names = Callable[[str], str | None]


def refusal_of(error: XapiError, about: PoolObject | None, name_of: Names) -> PodiumError:
    """What a pool answered to a call about an object. `name_of`: what people call the object behind a ref, if known."""
    words = tuple(_word(param, name_of) for param in error.params)
    refusal = _made(error, about, words)
    refusal.xapi = XapiCause(error.code, error.params, words)
    return refusal


def _made(error: XapiError, about: PoolObject | None, words: tuple[str, ...]) -> PodiumError:
    if error.code == HANDLE_INVALID and about is not None and error.params[1:2] in ((about.xapi_ref,), ()):
        return NotFound(about.type, about.id)  # it went a moment ago
    if error.code in MISSING_PLUGINS and about is not None:
        return NotSupported(f"the {about.type} {about.id} has no plugin for that: {error}")
    if error.code == PLUGIN_FAILED and error.params:
        return PoolError(error.params[0])
    if (number := _BACKEND.fullmatch(error.code)) is not None:
        return PoolError(_backend(int(number[1]), words))
    known = TABLE.get(error.code)
    if known is None:
        details = ": " + ", ".join(words) if words else ""
        return PoolError(f"the pool refuses: {error.code.replace('_', ' ').lower()}{details}")
    sentence = filled(known.en, words)
    if known.kind is OperationInProgress:
        return OperationInProgress(sentence, operation=error.params[2] if len(error.params) > 2 else "")
    if known.kind is NotFound:
        gone = NotFound(words[0] if words else "object", words[1] if len(words) > 1 else "")
        gone.args = (sentence,)
        return gone
    if known.kind is InvalidParameters:
        return InvalidParameters(sentence)
    return known.kind(sentence)


def filled(template: str, words: tuple[str, ...]) -> str:
    """A sentence with the words in its places; a place without a word is left empty."""
    return _Lenient().vformat(template, tuple(word[:_MOST] for word in words), {}).strip()


def _backend(number: int, words: tuple[str, ...]) -> str:
    """The storage's failure: what its number means where we know it, and its own words."""
    meaning = BACKEND.get(number, ("the storage failed", ""))[0]
    details = " ".join(word.strip() for word in words[1:] if word.strip())[:_MOST]
    return f"{meaning[0].upper()}{meaning[1:]}" + (f": {details}" if details else "")


def _word(param: str, name_of: Names) -> str:
    """A parameter with each ref in it replaced by the name of its object."""
    return _REF.sub(lambda found: name_of(found[0]) or found[0], param)


class _Lenient(string.Formatter):
    def get_value(self, key: int | str, args: object, kwargs: object) -> str:  # noqa: ARG002
        assert isinstance(args, tuple)  # noqa: S101
        return str(args[key]) if isinstance(key, int) and key < len(args) else "?"
