"""Which network the hosts are managed on. Source: xapi_host.ml, xapi_pool.ml."""

from xensim.failures import XapiFailure
from xensim.ops import pif, pif_rules
from xensim.ops.locks import work
from xensim.ops.values import strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

MOVE_S = 1.0


@operation("host.management_reconfigure")
async def management_reconfigure(call: Call, self: str) -> None:
    """The host answers at the address of this PIF from now on."""
    pif_rules.assert_ha_off(call)
    _check(call, self)
    await work(call, MOVE_S)
    _check(call, self)
    _move(call, self)


@operation("pool.management_reconfigure")
async def reconfigure_all(call: Call, network: str) -> None:
    """Every host, the coordinator last; none when one of them cannot."""
    db = call.db
    pif_rules.assert_ha_off(call)
    coordinator = call.pool.coordinator
    hosts = [*(host for host in db.refs("host") if host != coordinator), coordinator]
    pifs = [pif_rules.on_host(db, network, host) for host in hosts]
    for host, ref in zip(hosts, pifs, strict=True):
        if ref == NULL_REF:
            raise XapiFailure("HOST_CANNOT_ATTACH_NETWORK", host, network)
        _check(call, ref)
    await work(call, MOVE_S)
    for ref in pifs:
        _move(call, ref)


@operation("host.get_management_interface")
def get_management_interface(call: Call, host: str) -> str:
    """The null ref when there is none."""
    pifs = strings(call.db.field("host", host, "PIFs"))
    return next((ref for ref in pifs if call.db.field("PIF", ref, "management")), NULL_REF)


def _check(call: Call, ref: str) -> None:
    record = call.db.record("PIF", ref)
    pif_rules.assert_not_in_bond(call.db, ref, "CANNOT_PLUG_BOND_SLAVE")
    if not pif_rules.configured(record):
        code = "PIF_HAS_NO_NETWORK_CONFIGURATION"
        raise XapiFailure("PIF_HAS_NO_V6_NETWORK_CONFIGURATION" if _is_v6(record) else code, ref)


def _move(call: Call, ref: str) -> None:
    db = call.db
    record = db.record("PIF", ref)
    host = text(record["host"])
    for other in strings(db.field("host", host, "PIFs")):
        if other != ref and db.field("PIF", other, "management"):
            db.set("PIF", other, management=False)
    pif.bring_up(call, ref)
    db.set("PIF", ref, management=True)
    address = strings(record["IPv6"])[0].partition("/")[0] if _is_v6(record) else text(record["IP"])
    db.set("host", host, address=address)


def _is_v6(record: dict[str, object]) -> bool:
    return record["primary_address_type"] == "IPv6"
