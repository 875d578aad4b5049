"""Sizes as clients write them: bytes, or a text like "2 GiB"."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtpKMGTP]?)(i?)[bB]?")
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def bytes_of(value: object) -> object:
    """`"2 GiB"`, `"2G"` (both binary, as Xen Orchestra reads them) and `"500 MB"` (decimal) in bytes; else as it is."""
    if not isinstance(value, str):
        return value
    found = _FORM.fullmatch(value.strip())
    if found is None:
        raise ValueError('a size is a number of bytes or a text like "2 GiB"')
    number, prefix, binary = found.groups()
    decimal = not binary and value.strip().lower().endswith("b") and prefix
    return round(float(number) * (1000 if decimal else 1024) ** _POWERS[prefix.lower()])


Size = Annotated[
    int,
    BeforeValidator(bytes_of, json_schema_input_type=int | str),
    Field(ge=1, le=2**60, examples=["2 GiB", 2147483648]),
]
"""Bytes."""
