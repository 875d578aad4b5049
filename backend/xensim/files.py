"""Pools in files: records by class and ref, as JSON, plain or gzipped."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import msgspec

from xensim.database import Database

Records = dict[str, dict[str, dict[str, object]]]


def read(path: Path, db: Database) -> None:
    """Add a file's records, without sessions, and without classes and fields that this version of the API has not."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    load(msgspec.json.decode(data, type=Records), db)


def load(records: Mapping[str, Mapping[str, Mapping[str, object]]], db: Database) -> None:
    """Add records by class and ref."""
    known: dict[str, dict[str, dict[str, object]]] = {}
    for cls, rows in records.items():
        if cls in db.schema.classes and cls != "session":
            fields = db.schema.classes[cls].fields
            known[cls] = {
                ref: {name: value for name, value in record.items() if name in fields} for ref, record in rows.items()
            }
    db.load(known)


def dump(db: Database) -> bytes:
    """Every record of the pool, as `read` takes them."""
    return msgspec.json.encode(snapshot(db))


def snapshot(db: Database, *classes: str) -> Records:
    """The records of some classes, or of all that are not empty."""
    chosen = classes or [name for name in db.schema.classes if db.count(name)]
    return {name: {ref: row.record for ref, row in db.rows(name).items()} for name in chosen}


def write(path: Path, db: Database) -> None:
    """Write every record, gzipped if the name ends in .gz."""
    data = dump(db)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
