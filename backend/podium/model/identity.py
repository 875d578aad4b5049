"""How a XAPI record is named: its id for clients, and which refs are no refs at all."""

from podium.xapi.records import Pool_patchRecord, Record, Ref, VMRecord

NULL_REF: Ref = "OpaqueRef:NULL"


def is_null(ref: Ref) -> bool:
    """True for every way in which real databases say "no object": NULL, "", and "Ref:2" left by imports.

    Source: PROTOCOL.md 1.3.
    """
    return ref == NULL_REF or not ref.startswith("OpaqueRef:")


def is_default_template(record: VMRecord) -> bool:
    """True for the templates that XenServer ships: the flag since 7.2, `other_config` before."""
    return record.is_default_template or record.other_config.get("default_template") == "true"


def object_id(ref: Ref, record: Record, pool_id: str) -> str:
    """The id by which clients know the object behind `record`, also in links to it.

    The uuid, or the ref where a class has none. Default templates have the same uuid in every pool, hence
    `<pool>-<uuid>`; patches are named by their ref (ANCHOR.md 2.3).
    """
    if not record.uuid or isinstance(record, Pool_patchRecord):
        return ref
    if (
        isinstance(record, VMRecord)
        and record.is_a_template
        and not record.is_a_snapshot
        and not record.is_control_domain
        and is_default_template(record)
    ):
        return f"{pool_id}-{record.uuid}"
    return record.uuid
