"""JSON schemas of what goes out, from the Structs: the one adapter between msgspec and OpenAPI."""

from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import UnsetType

Schema = dict[str, Any]

REF: Final = "#/components/schemas/"

JSON_SCHEMA: Final[Schema] = {
    "title": "Json",
    "description": "Any JSON value: its shape is somebody else's business.",
}
"""Without a type: generators take a schema that refers to itself for a mistake, and this one for `Any` or `unknown`."""


def reference(name: str) -> Schema:
    return {"$ref": REF + name}


def struct_schemas(structs: Iterable[type[msgspec.Struct]]) -> dict[str, Schema]:
    """Component schemas of the Structs and all they are made of, by name. What can be left out is not required."""
    structs = list(structs)
    _, components = msgspec.json.schema_components(structs, ref_template=REF + "{name}", schema_hook=_anything)
    for struct in _all_structs(structs):
        schema = components[struct.__name__]
        schema["required"] = [
            field.encode_name for field in msgspec.structs.fields(struct) if UnsetType not in _parts(field.type)
        ]
        for member in schema["properties"].values():
            member.pop("default", None)  # what goes out is always said
    return {"Json": JSON_SCHEMA, **{name: tidy(schema) for name, schema in components.items()}}


def tidy(schema: Any) -> Any:
    """The same schema with every value typed: an open one is Json, an enum says that it is of strings."""
    if isinstance(schema, list):
        return [tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if not schema:
        return reference("Json")
    if _is_json(schema):
        return {**reference("Json"), **({"description": schema["description"]} if "description" in schema else {})}
    found = {
        key: {name: tidy(one) for name, one in value.items()} if key == "properties" else tidy(value)
        for key, value in schema.items()
        if key not in ("default", "examples", "example", "enum")
    }
    found.update((key, value) for key, value in schema.items() if key in ("default", "examples", "example", "enum"))
    if found.get("additionalProperties") is True or (
        found.get("type") == "object" and not found.keys() & {"properties", "additionalProperties"}
    ):
        found["additionalProperties"] = reference("Json")
    if found.get("type") == "array" and not found.keys() & {"items", "prefixItems"}:
        found["items"] = reference("Json")
    if found.get("items") is False and found.get("maxItems") == len(found["prefixItems"]):
        del found["items"]  # says the same once more, and openapi-python-client refuses the whole document for it
    if "enum" in found and "type" not in found and all(isinstance(one, str) for one in found["enum"]):
        found["type"] = "string"
    if len(found.get("enum", ())) == 1:
        found["const"] = found.pop("enum")[0]  # generators give every enum a class and a name, which then clash
    return found


def _anything(kind: type) -> Schema:
    if kind is object:
        return reference("Json")
    raise NotImplementedError


def _is_json(schema: Schema) -> bool:
    """A union of all that JSON knows."""
    types = {one.get("type") for one in schema.get("anyOf", ()) if isinstance(one, dict)}
    return {"string", "number", "boolean", "null", "array", "object"} <= types


def _all_structs(structs: Iterable[type[msgspec.Struct]]) -> Iterator[type[msgspec.Struct]]:
    seen: set[type] = set()
    stack: list[object] = list(structs)
    while stack:
        for part in _parts(stack.pop()):
            if isinstance(part, type) and issubclass(part, msgspec.Struct) and part not in seen:
                seen.add(part)
                stack.extend(field.type for field in msgspec.structs.fields(part))
                yield part
            elif get_args(part):
                stack.extend(get_args(part))


def _parts(kind: object) -> tuple[object, ...]:
    """The members of a union; of another type, itself."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
