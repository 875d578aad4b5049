"""What comes in, bounded: kinds of text and JSON that every layer below can store, compare and send on."""

import math
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_MAX_MEMBERS: Final = 50
_MAX_DEPTH: Final = 16
_MAX_NODES: Final = 10_000
_INT_RANGE: Final = (-(2**63), 2**64 - 1)  # what the JSON encoder takes


class Body(BaseModel):
    """Root of request bodies: unknown members are refused, for they are most often misspelt ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _few(cls, value: object) -> object:
        """Each unknown member would make an error of its own, and 100,000 of them hold everybody up."""
        if isinstance(value, dict) and len(value) > _MAX_MEMBERS:
            raise ValueError(f"must have at most {_MAX_MEMBERS} members")
        return value


def storable(text: str) -> str:
    """PostgreSQL stores no NUL, and half a surrogate pair cannot be encoded by anybody."""
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("must not contain lone surrogates")
    return text


def one_line(text: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("must not contain control characters")
    return storable(text)


def storable_json(value: object) -> object:
    """JSON of modest depth and size, without what some database or client does not take."""
    nodes = 0
    stack: list[tuple[object, int]] = [(value, 0)]
    while stack:
        one, depth = stack.pop()
        nodes += 1
        if depth > _MAX_DEPTH or nodes > _MAX_NODES:
            raise ValueError(f"must have at most {_MAX_DEPTH} levels and {_MAX_NODES} values")
        if isinstance(one, str):
            storable(one)
        elif isinstance(one, float) and not math.isfinite(one):
            raise ValueError("must not contain NaN or infinity")
        elif isinstance(one, int) and not _INT_RANGE[0] <= one <= _INT_RANGE[1]:
            raise ValueError("must not contain integers beyond 64 bits")
        elif isinstance(one, dict):
            stack.extend((part, depth + 1) for pair in one.items() for part in pair)
        elif isinstance(one, list):
            stack.extend((part, depth + 1) for part in one)
    return value


Line = Annotated[str, AfterValidator(one_line)]
Secret = Annotated[str, AfterValidator(storable)]
Name = Annotated[Line, Field(min_length=1, max_length=255)]
Password = Annotated[Secret, Field(min_length=1, max_length=1024)]
ObjectId = Annotated[str, Path(min_length=1, max_length=200, description="the object's id")]
