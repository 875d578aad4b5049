"""The description of VMs that opens an XVA, `ova.xml`: records whose refs became short names within the archive.

Source: the archives of wire/09-019 and 11-001.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

import defusedxml.ElementTree as Safe
from defusedxml.common import DefusedXmlException

from xensim import arguments, xmlrpc
from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops.values import mapping, strings, text
from xensim.schema import NULL_REF, Type

VERSION = "2"  # of the form of the archive, the only one we read


class Broken(Exception):
    """Text that describes no VMs."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: its class, its name in the archive, and its record with such names for refs."""

    cls: str
    id: str
    record: dict[str, object]


class Table:
    """The objects that go into an archive, each with its name there."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._names: dict[tuple[str, str], str] = {}

    def add(self, cls: str, ref: object) -> bool:
        """Take an object in; false when there is no such one, or it is in already."""
        key = (cls, str(ref))
        if key in self._names or not self._db.exists(cls, key[1]):
            return False
        self._names[key] = f"Ref:{len(self._names)}"
        return True

    def add_vm(self, vm: str) -> None:
        """A VM with what belongs to it and what that stands on."""
        db = self._db
        if not self.add("VM", vm):
            return
        record = db.record("VM", vm)
        for vif in strings(record["VIFs"]):
            self.add("VIF", vif)
            self.add("network", db.field("VIF", vif, "network"))
        disks = [record["suspend_VDI"]]
        for vbd in strings(record["VBDs"]):
            self.add("VBD", vbd)
            disks.append(db.field("VBD", vbd, "VDI"))
        for vdi in disks:
            if self.add("VDI", vdi):
                self.add("SR", db.field("VDI", text(vdi), "SR"))
        self.add("VM_metrics", record["metrics"])
        self.add("VM_guest_metrics", record["guest_metrics"])
        self.add("host", record["resident_on"])

    def name(self, cls: str, ref: str) -> str:
        return self._names[cls, ref]

    def refs(self, cls: str) -> list[str]:
        return [ref for known, ref in self._names if known == cls]

    def things(self) -> list[Thing]:
        """The objects, those of a class together, as the server orders them."""
        ordered = sorted(self._names, key=lambda key: _ORDER.index(key[0]))
        return [Thing(cls, self._names[cls, ref], self._record(cls, ref)) for cls, ref in ordered]

    def _record(self, cls: str, ref: str) -> dict[str, object]:
        fields = self._db.schema.classes[cls].fields
        return {name: self._translate(value, fields[name].type) for name, value in self._db.record(cls, ref).items()}

    def _translate(self, value: object, type_: Type) -> object:
        """Refs by their names; one that is not here gets a name that nothing has, in a set it is left out."""
        if type_.kind == "ref" and value not in ("", NULL_REF):
            return self._names.get((type_.name, str(value)), f"Ref:{len(self._names)}")
        if type_.kind == "set" and type_.item is not None and type_.item.kind == "ref":
            known = [self._names.get((type_.item.name, ref)) for ref in strings(value)]
            return [name for name in known if name is not None]
        return value


_ORDER = ("host", "VM", "VM_metrics", "VM_guest_metrics", "VBD", "VIF", "network", "VDI", "SR")


def encode(db: Database, host: str, things: list[Thing], date: str) -> bytes:
    """`ova.xml` as `host` writes it."""
    software = mapping(db.field("host", host, "software_version"))
    major, _, minor = software.get("xapi_build", software.get("xapi", "26.26")).partition(".")
    version = {
        "hostname": text(db.field("host", host, "hostname")),
        "date": date,
        "product_version": software.get("product_version", ""),
        "product_brand": software.get("product_brand", ""),
        "build_number": software.get("build_number", ""),
        "xapi_major": major,
        "xapi_minor": minor.partition(".")[0],
        "export_vsn": VERSION,
    }
    strings_ = Type("map", item=Type("string"))
    objects = (
        xmlrpc.struct(
            (
                ("class", xmlrpc.encode(thing.cls, Type("string"))),
                ("id", xmlrpc.encode(thing.id, Type("string"))),
                ("snapshot", xmlrpc.encode(thing.record, Type("record", name=thing.cls))),
            )
        )
        for thing in things
    )
    return xmlrpc.struct((("version", xmlrpc.encode(version, strings_)), ("objects", xmlrpc.array(objects)))).encode()


def decode(data: bytes, db: Database) -> list[Thing]:
    """The objects of an `ova.xml` of a form we know, with the fields we have.

    Raises Broken, and IMPORT_INCOMPATIBLE_VERSION.
    """
    try:
        root = Safe.fromstring(data)
        described = xmlrpc.decode_value(root)
    except (ParseError, DefusedXmlException, xmlrpc.Malformed, ValueError) as error:
        raise Broken(str(error)) from error
    match described:
        case {"version": dict(version), "objects": list(objects)}:
            pass
        case _:
            raise Broken("neither version nor objects")
    if version.get("export_vsn", VERSION) != VERSION:
        raise XapiFailure("IMPORT_INCOMPATIBLE_VERSION")
    return [_thing(each, db) for each in objects if isinstance(each, dict) and each.get("class") in db.schema.classes]


def _thing(source: dict[str, object], db: Database) -> Thing:
    match source:
        case {"class": str(cls), "id": str(name), "snapshot": dict(snapshot)}:
            fields = db.schema.classes[cls].fields
            record = {
                key: arguments.coerce(value, fields[key].type, db.schema)
                for key, value in snapshot.items()
                if key in fields
            }
            return Thing(cls, name, record)
        case _:
            raise Broken("an object without class, id or snapshot")
