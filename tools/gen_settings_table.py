"""Writes the tables of the documents that the code decides: settings (README.md), problems and refusals (docs/api.md).

    python tools/gen_settings_table.py [--check]

A table stands between `<!-- NAME: ... -->` and `<!-- /NAME -->`; what is between is replaced.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from podium.api.problems import _HTTP_CODES, status_of
from podium.errors import PodiumError
from podium.services.refusal_table import TABLE
from podium.services.refusal_table.others import OTHERS
from podium.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent

HTTP_MEANINGS: Final[dict[str, tuple[int, str]]] = {
    "no-such-route": (404, "There is no such address"),
    "method-not-allowed": (405, "The address does not know this method"),
    "request-timeout": (408, "The head of the request took longer than 30 s"),
    "unsupported-media-type": (415, "The body is of a type that the route does not read"),
    "headers-too-large": (431, "Too many, or too long, request headers"),
}
"""Codes that HTTP itself has, beside those of errors."""


def settings_table() -> str:
    """Every variable, its default and its meaning."""
    rows = [
        f"| `PODIUM_{name.upper()}` | {_default(field)} | {_meaning(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def problems_table() -> str:
    """Every problem code, by status."""
    found = {error.code: (status_of(error), error.title) for error in _errors(PodiumError)}
    unknown = set(_HTTP_CODES.values()) - found.keys() - HTTP_MEANINGS.keys()
    if unknown:
        raise ValueError(f"say in HTTP_MEANINGS what these mean: {', '.join(sorted(unknown))}")
    codes = sorted((status, code, title) for code, (status, title) in {**found, **HTTP_MEANINGS}.items())
    rows = [f"| {status} | `{code}` | {title} |" for status, code, title in codes]
    return "\n".join(["| status | code | meaning |", "|---|---|---|", *rows])


def refusals_table() -> str:
    """XAPI's codes by what becomes of them; drivers' numbers without their common beginning."""
    groups: dict[tuple[int, str], list[str]] = {}
    for code, row in sorted({**TABLE, **OTHERS}.items(), key=lambda one: _natural(one[0])):
        groups.setdefault((status_of(row.kind), row.kind.code), []).append(f"`{_short(code)}`")
    rows = [f"| {status} | `{code}` | {' '.join(found)} |" for (status, code), found in sorted(groups.items())]
    return "\n".join(["| status | code | XAPI's codes |", "|---|---|---|", *rows])


def _short(code: str) -> str:
    return code.removeprefix("SR_BACKEND_FAILURE") or code


def _natural(code: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdecimal() else -1, part) for part in code.split("_")]


TABLES: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    "settings": ("README.md", settings_table),
    "problems": ("docs/api.md", problems_table),
    "refusals": ("docs/api.md", refusals_table),
}


def rewritten(name: str) -> tuple[Path, str, str]:
    """The document of a table: where it is, its text, and its text with the table as it should be."""
    path, table = ROOT / TABLES[name][0], TABLES[name][1]()
    text = path.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {name}: [^\n]*-->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)
    if len(marks.findall(text)) != 1:
        raise ValueError(f"{path.name} must have one place for the table {name!r}")
    return path, text, marks.sub(lambda found: f"{found[1]}\n{table}\n\n{found[3]}", text)


def _default(field: FieldInfo) -> str:
    if field.default in ("", None, ()):
        return ""
    whole = isinstance(field.default, float) and field.default.is_integer()
    return f"`{int(field.default)}`" if whole else f"`{field.default}`"


def _meaning(field: FieldInfo) -> str:
    meaning = (field.description or "").replace("|", "\\|")
    if get_origin(field.annotation) is Literal:
        meaning += f" ({', '.join(map(str, get_args(field.annotation)))})"
    return meaning


def _errors(error: type[PodiumError]) -> Iterator[type[PodiumError]]:
    yield error
    for child in error.__subclasses__():
        yield from _errors(child)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the tables are up to date")
    check = parser.parse_args().check
    stale = False
    for name in TABLES:
        path, text, wanted = rewritten(name)
        if text != wanted:
            stale = True
            if check:
                print(f"{path.name}: the table {name!r} is not what the code says", file=sys.stderr)
            else:
                path.write_text(wanted, encoding="utf-8")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
