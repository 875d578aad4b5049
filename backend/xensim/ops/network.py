"""network.create and destroy."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops.values import mapping, strings, text
from xensim.registry import Call, operation


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
