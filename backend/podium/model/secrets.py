"""Keeps secrets that XenServer stores in plain maps away from clients."""

import re
from collections.abc import Mapping
from functools import lru_cache

OBFUSCATED = "***obfuscated***"
"""What clients read in place of a secret: Xen Orchestra's own marker."""

_SENSITIVE = re.compile(
    r"pass(word|wd|phrase|code)|^pass$|^pwd$|secret|token|credential|(private|encryption|access|api)[-_ ]?key|pw_hash",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_sensitive(key: str) -> bool:
    """True when `key` names a secret: `cifspassword`, `chappassword`, `password_secret`, `authToken` ..."""
    return _SENSITIVE.search(key) is not None


def obfuscate(config: dict[str, str]) -> dict[str, str]:
    """`config` with the values of its sensitive keys masked; `config` itself when there are none."""
    for key in config:
        if is_sensitive(key):
            return _masked(config)
    return config


def _masked(config: Mapping[str, str]) -> dict[str, str]:
    return {key: OBFUSCATED if is_sensitive(key) else value for key, value in config.items()}
