"""XML that XenServer keeps inside text fields, parsed once per distinct text and never trusted."""

from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # types only: parsing is defusedxml's

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

XmlTree = str | dict[str, Any]
"""An element for JSON: its text, or its attributes and children by name; several of one name make a list."""

_DEEPEST = 24
_LONGEST = 256 * 1024
"""Characters. What XenServer writes is a few kilobytes; more would be parsed, and remembered, at everybody's cost."""


def parse(text: str | None) -> Element | None:
    """The root element; None for no text, malformed or very long text, and text with a DTD or entities."""
    if not text or len(text) > _LONGEST or "<" not in text:
        return None
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return root if isinstance(root, Element) else None


@lru_cache(maxsize=1024)
def unsupported_firmwares(recommendations: str) -> frozenset[str]:
    """The firmwares that a VM's `recommendations` exclude: `<restriction field="supports-uefi" value="no"/>`."""
    root = parse(recommendations)
    if root is None:
        return frozenset()
    return frozenset(
        field.removeprefix("supports-")
        for restriction in root.iter("restriction")
        if (field := restriction.get("field", "")).startswith("supports-") and restriction.get("value") == "no"
    )


@lru_cache(maxsize=256)
def tree(text: str) -> tuple[str, XmlTree] | None:
    """(name of the root, its content) of an XML text, or None. The value is shared: not to be changed."""
    root = parse(text)
    return None if root is None else (root.tag, _content(root, _DEEPEST))


def _content(element: Element, depth: int) -> XmlTree:
    if depth == 0 or not (len(element) or element.attrib):
        return (element.text or "").strip()
    content: dict[str, Any] = dict(element.attrib)
    for child in element:
        value = _content(child, depth - 1)
        earlier = content.get(child.tag)
        if child.tag not in content:
            content[child.tag] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            content[child.tag] = [earlier, value]
    return content
