"""Fields: which members of an object a client asked for, and the cutting out of them (lodash's `pick`, ANCHOR 2.1)."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Final

import msgspec
from msgspec import UNSET

from podium.cache.values import Reader, Readers, attributes, is_index
from podium.errors import InvalidParameters

MAX_LENGTH: Final = 8_192
MAX_FIELDS: Final = 250
MAX_DEPTH: Final = 16

Path = tuple[str, ...]
Container = dict[str, object] | list[object]
Picker = Callable[[object], dict[str, object]]
RowMaker = Callable[[object, str], object]
"""(object, its address) -> what encodes to a row of a list."""

_STEP: Final = re.compile(r"""\[(?:"([^"]*)"|'([^']*)'|(\d+))\]|([^.\[\]]+)""")


class Fields:
    """A set of members. `names`: as written; `everything`: all of them (`*`)."""

    __slots__ = ("_makers", "_plans", "everything", "names", "paths")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.everything = names == ("*",)
        paths = dict.fromkeys(path for path in map(parse_path, names) if path)
        # `memory,memory.size` is `memory`
        self.paths = tuple(path for path in paths if not any(path[:length] in paths for length in range(1, len(path))))
        self._plans: dict[type, Picker] = {}
        self._makers: dict[type, RowMaker] = {}

    def pick(self, obj: object) -> dict[str, object]:
        """Those members of `obj` that exist, in the order asked for; of a dot path, its branch only.

        `id` and `href` are not added. Not for `everything`.
        """
        kind = type(obj)
        picker = self._plans.get(kind)
        if picker is None:
            picker = self._plans[kind] = self._compile(kind)
        return picker(obj)

    def row_maker(self, kind: type) -> RowMaker:
        """Makes rows of objects of that type: what `pick` picks, with `href` at the end. Not for `everything`."""
        maker = self._makers.get(kind)
        if maker is None:
            flat = all(len(path) == 1 for path in self.paths) and issubclass(kind, msgspec.Struct)
            maker = self._makers[kind] = _struct_rows(kind, self.paths) if flat else _dict_rows(self.pick)
        return maker

    def _compile(self, kind: type) -> Picker:
        plan: list[tuple[str, Reader, Path]] = []
        for path in self.paths:
            read = Readers(path[0])[kind]
            if read is not None:
                plan.append((path[0], read, path[1:]))
        if all(not rest for _, _, rest in plan):
            return _flat(plan)
        if any(is_index(step) for _, _, rest in plan for step in rest):
            return _with_positions(plan)
        return _deep(plan)


def parse_fields(text: str | None) -> Fields | None:
    """The fields of a `fields` parameter; None when there is none. Raises InvalidParameters."""
    if not text:
        return None
    if len(text) > MAX_LENGTH:
        raise InvalidParameters(f"fields: at most {MAX_LENGTH} characters")
    return _remembered(text)


def parse_path(text: str) -> Path:
    """`memory.size` and `tags[0]` as steps. Raises InvalidParameters."""
    path = tuple("".join(step) for step in _STEP.findall(text))
    if len(path) > MAX_DEPTH:
        raise InvalidParameters(f"{text[:100]}: at most {MAX_DEPTH} steps deep")
    return path


@lru_cache(maxsize=256)
def _remembered(text: str) -> Fields:
    names = tuple(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))
    if len(names) > MAX_FIELDS:
        raise InvalidParameters(f"fields: at most {MAX_FIELDS} of them")
    return Fields(names)


def _dict_rows(pick: Picker) -> RowMaker:
    def make(obj: object, href: str) -> object:
        row = pick(obj)
        row["href"] = href
        return row

    return make


def _struct_rows(kind: type[msgspec.Struct], paths: tuple[Path, ...]) -> RowMaker:
    """Whole members only: a Struct of them is made and encoded in half the time of a dict, and leaves out UNSET."""
    known = attributes(kind)
    members = [(name, known[name]) for (name,) in paths if name in known]
    fields = {f"member_{number}": name for number, (name, _) in enumerate(members)}
    struct = msgspec.defstruct("Row", [*((field, object) for field in fields), ("href", str)], rename=fields, gc=False)
    if not members:
        return lambda _, href: struct(href)
    read = attrgetter(*(attribute for _, attribute in members))
    if len(members) == 1:
        return lambda obj, href: struct(read(obj), href)
    return lambda obj, href: struct(*read(obj), href)


def _flat(plan: list[tuple[str, Reader, Path]]) -> Picker:
    if len(plan) == 1:
        ((only, read_only, _),) = plan

        def pick_one(obj: object) -> dict[str, object]:
            value = read_only(obj)
            return {} if value is UNSET else {only: value}

        return pick_one

    members = [(name, read) for name, read, _ in plan]

    def pick(obj: object) -> dict[str, object]:
        row = {}
        for name, read in members:
            value = read(obj)
            if value is not UNSET:
                row[name] = value
        return row

    return pick


def _deep(plan: list[tuple[str, Reader, Path]]) -> Picker:
    """Paths that go into objects only: one branch for each first step."""
    branches: dict[str, tuple[Reader, list[Path]]] = {}
    for name, read, rest in plan:
        branches.setdefault(name, (read, []))[1].append(rest)
    members = [(name, read, _branch(rests)) for name, (read, rests) in branches.items()]

    def pick(obj: object) -> dict[str, object]:
        row: dict[str, object] = {}
        for name, read, branch in members:
            value = read(obj)
            if branch is not None:
                value = branch(value)
            if value is not UNSET:
                row[name] = value
        return row

    return pick


def _branch(rests: list[Path]) -> Reader | None:
    """What `rests` leave of a value; UNSET when that is nothing. None: all of it."""
    if rests == [()]:
        return None
    inner: dict[str, list[Path]] = {}
    for rest in rests:
        inner.setdefault(rest[0], []).append(rest[1:])
    members = [(name, Readers(name), _branch(deeper)) for name, deeper in inner.items()]

    def prune(value: object) -> object:
        kind = type(value)
        row: dict[str, object] = {}
        for name, readers, branch in members:
            read = readers[kind]
            if read is None:
                return UNSET
            found = read(value)
            if branch is not None:
                found = branch(found)
            if found is not UNSET:
                row[name] = found
        return row or UNSET

    return prune


def _with_positions(plan: list[tuple[str, Reader, Path]]) -> Picker:
    steps = [(name, read, [(step, Readers(step)) for step in rest]) for name, read, rest in plan]

    def pick(obj: object) -> dict[str, object]:
        row: dict[str, object] = {}
        for name, read, rest in steps:
            value = read(obj)
            for _, readers in rest:
                read_step = readers[type(value)]
                value = UNSET if read_step is None else read_step(value)
            if value is not UNSET:
                _put(row, name, [step for step, _ in rest], value)
        return row

    return pick


def _put(row: dict[str, object], name: str, rest: list[str], value: object) -> None:
    """Set a value at a path of fresh containers: arrays where the next step is a position, as lodash makes them."""
    at: Container = row
    for following in rest:
        inner = _member(at, name)
        if inner is None:
            inner = [] if is_index(following) else {}
            _set(at, name, inner)
        at, name = inner, following
    _set(at, name, value)


def _member(at: Container, name: str) -> Container | None:
    if isinstance(at, dict):
        found = at.get(name)
    elif is_index(name) and int(name) < len(at):
        found = at[int(name)]
    else:
        return None
    return found if isinstance(found, dict | list) else None


def _set(at: Container, name: str, value: object) -> None:
    if isinstance(at, dict):
        at[name] = value
    elif is_index(name):  # the position exists in the object picked from, so it is no wild number
        at.extend([None] * (int(name) + 1 - len(at)))
        at[int(name)] = value
