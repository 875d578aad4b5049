"""Refusal: what one code of XAPI's means, and the kinds of error that it can be here."""

from typing import Final, NamedTuple

from podium.errors import (
    Aborted,
    IncorrectState,
    InvalidParameters,
    NotFound,
    NotSupported,
    OperationInProgress,
    PodiumError,
    PoolError,
    PoolRefused,
    PoolUnreachable,
    Unavailable,
)


class Refusal(NamedTuple):
    """The kind of error, and a sentence for people in each language: what, why, what to do.

    `{0}`, `{1}` ... are the failure's parameters as people know them. XAPI adds, omits and swaps some (PROTOCOL.md 9),
    so those at the end of a sentence may be missing. The sentences are texts of vue-i18n too: no `@`, no `|`, no other
    braces. Without `fr` the sentence is for the log and for strangers: the web client shows it as it comes.
    """

    kind: type[PodiumError]
    en: str
    fr: str = ""


GONE: Final = NotFound
WRONG: Final = IncorrectState
"""The state does not allow it; what the sentence says would change that."""
BUSY: Final = OperationInProgress
ABORTED: Final = Aborted
BAD: Final = InvalidParameters
CANNOT: Final = NotSupported
"""This version, licence, driver or hardware never does it."""
TROUBLE: Final = PoolError
REFUSED: Final = PoolRefused
"""The account that we use at the pool is the trouble."""
UNREACHABLE: Final = PoolUnreachable
LATER: Final = Unavailable
"""The same again in a moment may work."""
