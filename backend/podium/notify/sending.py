"""What senders have in common: their time limit, how they fail, and how they trust."""

import ssl
from functools import lru_cache
from typing import Final

import msgspec

LIMIT_S: Final = 15.0
"""For one message, all in all: a server that answers drop by drop is given up, too."""
REPEATED: Final = 500
"""Characters of an answer that are repeated to people."""


class Answer(msgspec.Struct, frozen=True):
    """What the other side said when it took the message. `code`: HTTP's status, or SMTP's reply code.

    `warning`: what was wrong all the same, e.g. that some of the recipients were refused.
    """

    code: int
    text: str
    warning: str = ""


class SendError(Exception):
    """It was not taken, or nobody knows. The text is for people, and holds no secret.

    `retry_after_s`: the other side wants to be left alone for so long.
    """

    def __init__(self, detail: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


@lru_cache(maxsize=2)
def tls(*, verified: bool) -> ssl.SSLContext:
    """To read the system's authorities takes tens of ms, so a context is made once."""
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def excerpt(text: str) -> str:
    """On one line, of characters that can be shown and stored, and not for ever."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= REPEATED else line[: REPEATED - 1] + "…"
