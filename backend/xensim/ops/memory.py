"""Memory: what a VM costs its host, and what a host has left."""

from collections.abc import Iterator
from contextlib import contextmanager

from xensim.database import Database
from xensim.ops.values import Record, number, strings, text
from xensim.schema import NULL_REF

MIB = 1 << 20


def overhead(static_max: int, vcpus: int) -> int:
    """Bytes Xen needs beside the guest's own for page tables and shadow. Source: xapi's Memory module, for HVM."""
    return (static_max // (128 * MIB) + 3 + vcpus) * MIB


def claimed(vm: Record) -> int:
    """Bytes a live VM holds on its host."""
    return number(vm["memory_target"]) + number(vm["memory_overhead"])


def needed(vm: Record) -> int:
    """Bytes a VM must find free on a host to start there: a balloon driver can give back the rest."""
    return number(vm["memory_dynamic_min"]) + number(vm["memory_overhead"])


def free(db: Database, host: str) -> int:
    """Bytes a new VM may claim on `host`."""
    return number(db.field("host_metrics", text(db.field("host", host, "metrics")), "memory_free"))


def take(db: Database, host: str, size: int) -> None:
    """Book `size` bytes on `host`; negative gives them back."""
    metrics = text(db.field("host", host, "metrics"))
    if metrics != NULL_REF:
        db.set("host_metrics", metrics, memory_free=number(db.field("host_metrics", metrics, "memory_free")) - size)


@contextmanager
def reserved(db: Database, host: str, size: int) -> Iterator[None]:
    """Keep `size` bytes of `host` from others until the body ends: a VM is about to be there."""
    take(db, host, size)
    try:
        yield
    finally:
        if db.exists("host", host):
            take(db, host, -size)


def balance(db: Database, host: str) -> int:
    """What `memory_free` should be by the books: all less Xen's own and every resident VM's."""
    record = db.record("host", host)
    total = number(db.field("host_metrics", text(record["metrics"]), "memory_total"))
    residents = (db.record("VM", vm) for vm in strings(record["resident_VMs"]))
    return total - number(record["memory_overhead"]) - sum(claimed(vm) for vm in residents)
