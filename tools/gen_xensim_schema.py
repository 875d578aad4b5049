"""Generates backend/xensim/schema.json, the facts xensim serves by, from a datamodel.json of the XenServer API."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent.parent / "backend" / "xensim" / "schema.json"


def compact(model: dict[str, Any]) -> dict[str, Any]:
    """Only what a server needs: no prose, no release history."""
    classes = {name: _class(source) for name, source in model["classes"].items()}
    return {
        "api_version": model["api_version"],
        "enums": {name: list(words) for name, words in model["enums"].items()},
        "relations": [pair for pair in map(_relation, model["relations"]) if _served(pair, classes)],
        "classes": classes,
    }


def _class(source: dict[str, Any]) -> dict[str, Any]:
    return {
        "events": source["events"],
        "get_all_records": source["get_all_records"],
        "in_db": source["in_db"],
        "fields": {name: _field(field) for name, field in source["fields"].items()},
        "messages": {name: _message(message) for name, message in source["messages"].items()},
    }


def _field(source: dict[str, Any]) -> dict[str, Any]:
    field = {"type": source["type"], "q": source["q"]}
    if "default" in source:
        field["default"] = source["default"]
    return field


def _message(source: dict[str, Any]) -> dict[str, Any]:
    message = {"params": source["params"], "result": source["result"], "role": source["role"]}
    for flag in ("implicit", "async", "pool_internal"):
        if source.get(flag):
            message[flag] = True
    if source.get("session") is False:
        message["session"] = False
    if source.get("state") == "Removed":
        message["removed"] = True
    return message


def _relation(source: dict[str, str]) -> list[str]:
    return [source["from"], source["to"]]


def _served(pair: list[str], classes: dict[str, Any]) -> bool:
    """Whether both ends are public fields: the data model also names hidden ends, and ends without a way back."""
    if pair[0] == pair[1]:
        return False
    ends = (end.split(".") for end in pair)
    return all(field in classes[cls]["fields"] for cls, field in ends)


def render(schema: dict[str, Any]) -> str:
    """One class, enum or relation a line, so that differences between data models can be read."""
    sections = []
    for key, value in schema.items():
        if isinstance(value, dict):
            lines = [f"{json.dumps(name)}:{_dense(item)}" for name, item in value.items()]
            sections.append(f"{json.dumps(key)}:{{\n" + ",\n".join(lines) + "\n}")
        else:
            sections.append(f"{json.dumps(key)}:{_dense(value)}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _dense(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datamodel", type=Path, required=True, help="datamodel.json of the XenServer API")
    parser.add_argument("--check", action="store_true", help="only say whether the file is up to date")
    arguments = parser.parse_args()
    text = render(compact(json.loads(arguments.datamodel.read_text(encoding="utf-8"))))
    if arguments.check:
        return 0 if OUT.read_text(encoding="utf-8") == text else 1
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
