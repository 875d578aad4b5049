"""The OpenAPI operations of the collections: what their few routes serve, path by path, in Xen Orchestra's names."""

from typing import Any, Final

from podium.api.collections import EMPTY, SUBS
from podium.api.examples import list_examples
from podium.api.paging import MEDIA_TYPES, ListParams
from podium.api.problems import responses
from podium.api.schemas import Schema, reference, tidy
from podium.errors import FilterSyntax, MissingPrivileges, NotFound, PodiumError
from podium.model.base import Resource
from podium.model.registry import RESOURCES

Operation = dict[str, Any]

_SINGULAR: Final = {
    "patches": "patch",
    "pool-patches": "pool-patch",
    "proxies": "proxy",
    "vdi-unmanaged": "unmanaged-vdi",
}
_PLURAL: Final = {"vdi-unmanaged": "unmanaged-vdis"}
_IRREGULAR: Final = {
    "GetVmSnapshotMessages": "GetVmSnapshotsMessages",
    "GetVmBackupJobs": "VmGetVmBackupJobs",
    "GetBackupRepositories": "GetRepositories",
    "GetBackupRepository": "GetRepository",
}
"""Where Xen Orchestra's own names break its rule."""

_SUB_TITLES: Final = {
    "alarms": "alarms",
    "messages": "messages",
    "tasks": "tasks",
    "vdis": "VDIs",
    "backup-jobs": "backup jobs",
    "groups": "groups",
    "users": "users",
    "acl-roles": "roles",
    "acl-privileges": "effective privileges",
    "privileges": "privileges",
}
_TAGS: Final = {
    "vdi-snapshots": "vdis",
    "vm-controllers": "vms",
    "vm-snapshots": "vms",
    "vm-templates": "vms",
}
"""Collections that Xen Orchestra's document shows with another one."""

ROW: Final = "Row"
ROW_SCHEMA: Final[Schema] = {
    "title": "Row",
    "description": "The fields asked for, where the object has them, and its address.",
    "type": "object",
    "properties": {"href": {"type": "string", "format": "uri-reference"}},
    "required": ["href"],
    "additionalProperties": reference("Json"),
}


def collection_paths() -> dict[str, dict[str, Operation]]:
    """Path items, by path under `/rest/v0`."""
    paths: dict[str, dict[str, Operation]] = {}
    for resource in RESOURCES:
        collection = resource.collection
        paths[f"/{collection}"] = {"get": _list(resource)}
        paths[f"/{collection}/{{id}}"] = {"get": _read(resource)}
        for name, sub in SUBS.items():
            if collection in sub.of:
                paths[f"/{collection}/{{id}}/{name}"] = {"get": _related(resource, name)}
    for collection, kind in EMPTY.items():
        title = kind.replace("-", " ")
        paths[f"/{collection}"] = {
            "get": _operation(f"Get{pascal(collection)}", [collection], f"List {collection.replace('-', ' ')}")
            | {"x-privilege": [f"{kind}:read"], "parameters": list_parameters(), "responses": _rows([])}
        }
        paths[f"/{collection}/{{id}}"] = {
            "get": _operation(f"Get{pascal(kind)}", [collection], f"Read {_article(title)}")
            | {"x-privilege": [f"{kind}:read"], "parameters": [_id(title)], "responses": _one("Json")}
        }
    return paths


def singular(collection: str) -> str:
    return _SINGULAR.get(collection, collection.removesuffix("s"))


def plural(collection: str) -> str:
    return _PLURAL.get(collection, collection)


def pascal(name: str) -> str:
    """vm-templates -> VmTemplates."""
    return "".join(part.capitalize() for part in name.split("-"))


def list_parameters() -> list[Operation]:
    """The parameters of every list."""
    found = []
    for name, schema in ListParams.model_json_schema()["properties"].items():
        plain = {
            key: value for key, value in schema.items() if key not in ("title", "description", "examples", "anyOf")
        }
        for option in schema.get("anyOf", ()):
            if option.get("type") != "null":
                plain.update(option)
        if plain.get("default", ...) is None:
            del plain["default"]
        parameter = {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema["description"],
            "schema": plain,
        }
        if "examples" in schema:
            parameter["example"] = schema["examples"][0]
        found.append(parameter)
    return found


def rows_of(struct: str, example: str = "") -> dict[int | str, Any]:
    """For `responses=` of a list with a route of its own."""
    return {int(status): response for status, response in _rows([struct], example=example).items()}


def _list(resource: Resource) -> Operation:
    name = plural(resource.collection)
    return _operation(f"Get{pascal(name)}", [_tag(resource)], f"List {_plural_title(resource)}") | {
        "x-privilege": [f"{resource.privilege}:read"],
        "parameters": list_parameters(),
        "responses": _rows([resource.struct.__name__], example=resource.collection),
    }


def _read(resource: Resource) -> Operation:
    name = pascal(singular(resource.collection))
    return _operation(f"Get{name}", [_tag(resource)], f"Read {_article(resource.title)}") | {
        "x-privilege": [f"{resource.privilege}:read"],
        "parameters": [_id(resource.title)],
        "responses": _one(resource.struct.__name__),
    }


def _related(resource: Resource, name: str) -> Operation:
    identity = f"Get{pascal(singular(resource.collection))}{pascal(name)}"
    summary = f"List the {_SUB_TITLES[name]} of {_article(resource.title)}"
    rows = [one.privilege for one in RESOURCES if one.struct.__name__ in _RELATED_STRUCTS[name]]
    return _operation(identity, [name, _tag(resource)], summary) | {
        "x-privilege": [f"{privilege}:read" for privilege in rows],
        "parameters": [_id(resource.title), *list_parameters()],
        "responses": _rows(_RELATED_STRUCTS[name], NotFound, example=name),
    }


_RELATED_STRUCTS: Final = {
    "alarms": ["Alarm"],
    "messages": ["Message"],
    "tasks": ["Task"],
    "vdis": ["VDI", "VDISnapshot", "VDIUnmanaged"],
    "backup-jobs": [],
    "groups": ["Group"],
    "users": ["User"],
    "acl-roles": ["Role"],
    "acl-privileges": ["Privilege"],
    "privileges": ["Privilege"],
}


def _tag(resource: Resource) -> str:
    return _TAGS.get(resource.collection, resource.collection)


def _operation(name: str, tags: list[str], summary: str) -> Operation:
    return {
        "operationId": _IRREGULAR.get(name, name),
        "tags": tags,
        "summary": summary,
        "x-mcp-exposure": "allow",
    }


def _rows(structs: list[str], *errors: type[PodiumError], example: str = "") -> Operation:
    """A list's responses. `example`: the collection to take one of.

    Several forms fit an empty list, hence anyOf; the richest first, for generated clients take the first that fits.
    """
    row = {
        "type": "object",
        "properties": {"href": {"type": "string", "format": "uri-reference"}},
        "required": ["href"],
    }
    whole = [{"type": "array", "items": {"allOf": [reference(name), row]}} for name in structs]
    schema = {
        "anyOf": [
            *whole,
            {"title": "Rows", "type": "array", "items": reference(ROW)},
            {"title": "Addresses", "type": "array", "items": {"type": "string", "format": "uri-reference"}},
        ]
    }
    return {
        "200": {
            "description": "Addresses without `fields`, whole objects with `fields=*`, else the fields asked for",
            "headers": {
                "X-Total-Count": {
                    "description": "How many rows there are before offset and limit",
                    "schema": {"type": "integer", "minimum": 0},
                },
                "ETag": _ETAG,
            },
            "content": {
                MEDIA_TYPES["json"]: {"schema": schema, "examples": list_examples(example)},
                MEDIA_TYPES["ndjson"]: {"schema": {"type": "string"}},
                "text/markdown": {"schema": {"type": "string"}},
            },
        },
        "304": {"description": "What If-None-Match names is still good"},
        **_problems(FilterSyntax, *errors),
    }


def _one(schema: str) -> Operation:
    return {
        "200": {
            "description": "The object",
            "headers": {"ETag": _ETAG},
            "content": {MEDIA_TYPES["json"]: {"schema": reference(schema)}},
        },
        "304": {"description": "What If-None-Match names is still good"},
        **_problems(NotFound, MissingPrivileges),
    }


_ETAG: Final[Schema] = {"description": "Names this state; send it as If-None-Match", "schema": {"type": "string"}}


def _problems(*errors: type[PodiumError]) -> Operation:
    return {str(status): tidy(response) for status, response in responses(*errors).items()}


def _id(title: str) -> Operation:
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"id of the {title}",
        "schema": {"type": "string"},
    }


def _plural_title(resource: Resource) -> str:
    title = resource.title
    return title + ("es" if title.endswith(("ch", "s")) else "s")


def _article(title: str) -> str:
    spelt = title.split(" ", maxsplit=1)[0].isupper()  # letter by letter: an SR, an SM
    vowel = title[0] in ("AEFHILMNORSX" if spelt else "aeioAEIO")
    return f"{'an' if vowel else 'a'} {title}"
