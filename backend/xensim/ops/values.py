"""Typed reading of wire values: records hold `object`, and each of these says what it must be."""

from collections.abc import Mapping

Record = Mapping[str, object]


def text(value: object) -> str:
    """A string, an enum word, a date or a ref."""
    if isinstance(value, str):
        return value
    raise TypeError(f"not a string: {value!r}")


def number(value: object) -> int:
    if isinstance(value, int):
        return value
    raise TypeError(f"not a number: {value!r}")


def strings(value: object) -> list[str]:
    """A set of strings or refs."""
    if isinstance(value, list):
        return value
    raise TypeError(f"not a set: {value!r}")


def mapping(value: object) -> dict[str, str]:
    """A map of strings to strings, refs or enum words."""
    if isinstance(value, dict):
        return value
    raise TypeError(f"not a map: {value!r}")
