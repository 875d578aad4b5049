"""The API's documentation as one page of plain HTML: no script, nothing from elsewhere."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

STYLE: Final = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem 1.5rem 4rem; }
nav { columns: 14rem; margin-bottom: 2rem; }
nav a { display: block; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .4rem 0; padding: 0 .8rem; }
summary { cursor: pointer; padding: .5rem 0; }
code, .method { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.method { display: inline-block; font-weight: 700; min-width: 4.5rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin-bottom: 1rem; }
th, td { border-top: 1px solid #8886; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }
"""

_METHODS: Final = ("get", "post", "put", "patch", "delete")


def page(document: dict[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    base = document["servers"][0]["url"]
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                prefix = "" if "servers" in item else base
                # of two tags the second is the collection that the path begins with
                by_tag.setdefault(item[method]["tags"][-1], []).append(_operation(prefix + path, method, item[method]))
    tags = sorted(by_tag)
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in tags)
    sections = "".join(f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{"".join(by_tag[tag])}' for tag in tags)
    schemas = "".join(
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>{_schema(schema)}</details>'
        for name, schema in document["components"]["schemas"].items()
    )
    info = document["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: the REST API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{base}/docs/docs.css"></head><body><header><h1>{title}: the REST API</h1>'
        f"<p>{escape(info['description'])}</p>"
        f'<p>For programs: <a href="{base}/docs/swagger.json">the OpenAPI document</a>.</p></header>'
        f'<nav aria-label="Collections">{links}<a href="#schemas">schemas</a></nav><main>{sections}'
        f'<h2 id="schemas">schemas</h2>{schemas}</main></body></html>'
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td>{_type(one['schema'])}</td><td>{escape(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    )
    parameters = f"<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>{rows}</table>" if rows else ""
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(one.get('description', ''))}</td><td>{_content(one)}</td></tr>"
        for status, one in operation["responses"].items()
    )
    body = f"<p>Body: {_content(operation['requestBody'])}</p>" if "requestBody" in operation else ""
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><span class="method">{method.upper()}</span> '
        f"<code>{escape(path)}</code> {escape(operation.get('summary', ''))}</summary>"
        f"<p>{escape(operation.get('description', ''))}</p>{parameters}{body}"
        f"<table><tr><th>status</th><th></th><th>content</th></tr>{answers}</table></details>"
    )


def _content(holder: dict[str, Any]) -> str:
    return "<br>".join(
        f"{escape(media_type)}: {_type(one.get('schema', {}))}" for media_type, one in holder.get("content", {}).items()
    )


def _schema(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{'' if name in required else ' (optional)'}</td><td>{_type(one)}</td>"
        f"<td>{escape(one.get('description', ''))}</td></tr>"
        for name, one in schema.get("properties", {}).items()
    )
    table = f"<table>{rows}</table>" if rows else f"<p>{_type(schema)}</p>"
    return f"<p>{escape(schema.get('description', ''))}</p>{table}"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for union, word in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if union in schema:
            return word.join(map(_type, schema[union]))
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kinds = schema.get("type", "anything")
    return " or ".join(_plain(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _plain(kind: str, schema: dict[str, Any]) -> str:
    if kind == "array":
        return f"array of ({', '.join(_items(schema))})"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
        return f"map of {_type(schema['additionalProperties'])}"
    return escape(kind)


def _items(schema: dict[str, Any]) -> Iterator[str]:
    yield from map(_type, schema.get("prefixItems", ()))
    if isinstance(schema.get("items"), dict):
        yield _type(schema["items"])
