"""network.create and destroy, and the settings of a network that have conditions."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import pif, pif_rules
from xensim.ops.values import mapping, strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

# The arguments of network.pool_introduce, in order.
_FIELDS = ("name_label", "name_description", "MTU", "other_config", "bridge", "managed", "purpose")
_CONFLICTS = {"nbd": "insecure_nbd", "insecure_nbd": "nbd"}


@operation("network.create")
def create(call: Call, record: Mapping[str, object]) -> str:
    """A network of its own on every host; without a name its bridge is the next free xapiN."""
    db = call.db
    bridges = {row.record["bridge"] for row in db.rows("network").values()}
    bridge = text(record.get("bridge", ""))
    if bridge and bridge in bridges:
        raise XapiFailure("BRIDGE_NAME_EXISTS", bridge)
    if not bridge:
        bridge = next(f"xapi{at}" for at in range(len(bridges) + 1) if f"xapi{at}" not in bridges)
    return db.create("network", {**record, "bridge": bridge})


@operation("network.destroy")
def destroy(call: Call, network: str) -> None:
    db = call.db
    record = db.record("network", network)
    attached = [vif for vif in strings(record["VIFs"]) if db.field("VIF", vif, "currently_attached")]
    if attached:
        raise XapiFailure("NETWORK_CONTAINS_VIF", *attached)
    if record["PIFs"]:
        raise XapiFailure("NETWORK_CONTAINS_PIF", *strings(record["PIFs"]))
    if mapping(record["other_config"]).get("is_host_internal_management_network") == "true":
        raise XapiFailure("CANNOT_DESTROY_SYSTEM_NETWORK", network)
    for vif in list(strings(record["VIFs"])):
        db.destroy("VIF", vif)
    db.destroy("network", network)


@operation("network.pool_introduce")
def pool_introduce(call: Call, *values: object) -> str:
    """A row and nothing else."""
    return call.db.create("network", dict(zip(_FIELDS, values, strict=False)))


@operation("network.attach")
def attach(call: Call, network: str, host: str) -> None:
    """Have a host bring the network up."""
    call.db.record("host", host)
    ref = pif_rules.on_host(call.db, network, host)
    if ref == NULL_REF:
        if call.db.field("network", network, "PIFs"):
            raise XapiFailure("HOST_CANNOT_ATTACH_NETWORK", host, network)
        return
    pif.bring_up(call, ref)


@operation("network.add_purpose")
def add_purpose(call: Call, self: str, value: str) -> None:
    known = strings(call.db.field("network", self, "purpose"))
    conflict = _CONFLICTS.get(value, "")
    if conflict in known:
        raise XapiFailure("NETWORK_INCOMPATIBLE_PURPOSES", value, conflict)
    if value not in known:
        call.db.set("network", self, purpose=[*known, value])


@operation("network.set_default_locking_mode")
def set_default_locking_mode(call: Call, network: str, value: str) -> None:
    """Only while no NIC that follows it is plugged."""
    db = call.db
    for vif in strings(db.field("network", network, "VIFs")):
        if db.field("VIF", vif, "currently_attached") and db.field("VIF", vif, "locking_mode") == "network_default":
            raise XapiFailure("VIF_IN_USE", network, vif)
    db.set("network", network, default_locking_mode=value)
