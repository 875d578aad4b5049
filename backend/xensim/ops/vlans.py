"""VLANs and tunnels: PIFs that stand on other PIFs. Source: xapi_vlan.ml, xapi_tunnel.ml."""

from xensim.failures import XapiFailure
from xensim.ops import pif, pif_rules
from xensim.ops.liveness import assert_live
from xensim.ops.locks import work
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

CREATE_S = 0.5
LAST_TAG = 4094


@operation("VLAN.create")
async def create(call: Call, tagged: str, tag: int, network: str) -> str:
    _check_create(call, tagged, tag, network)
    await work(call, CREATE_S)
    _check_create(call, tagged, tag, network)
    return _create(call, tagged, tag, network)


@operation("VLAN.destroy")
async def destroy(call: Call, self: str) -> None:
    untagged = text(call.db.field("VLAN", self, "untagged_PIF"))
    _check_destroy(call, untagged)
    await work(call, CREATE_S)
    _check_destroy(call, untagged)
    _destroy(call, self, untagged)


@operation("VLAN.pool_introduce")
def pool_introduce(call: Call, tagged: str, untagged: str, tag: int, other_config: dict[str, str]) -> str:
    """A row and nothing else."""
    record = {"tagged_PIF": tagged, "untagged_PIF": untagged, "tag": tag, "other_config": other_config}
    return call.db.create("VLAN", record)


@operation("pool.create_VLAN")
async def create_everywhere(call: Call, device: str, network: str, tag: int) -> list[str]:
    """A VLAN on the card of that name of every host; the PIFs, one per host."""
    rows = call.db.rows("PIF").items()
    below = {
        text(row.record["host"]): ref
        for ref, row in rows
        if row.record["device"] == device and row.record["VLAN"] == pif_rules.NO_VLAN
    }
    if not below:
        raise XapiFailure("INVALID_VALUE", "device", device)
    return await _on_all(call, list(below.values()), network, tag)


@operation("pool.create_VLAN_from_PIF")
async def create_from_pif(call: Call, self: str, network: str, tag: int) -> list[str]:
    """The same for the PIFs that share a network with this one."""
    shared = text(call.db.field("PIF", self, "network"))
    return await _on_all(call, list(strings(call.db.field("network", shared, "PIFs"))), network, tag)


@operation("PIF.create_VLAN")
async def create_vlan(call: Call, device: str, network: str, host: str, tag: int) -> str:
    """Deprecated: the PIF of a VLAN on one host."""
    pifs = strings(call.db.field("host", host, "PIFs"))
    named = [ref for ref in pifs if call.db.field("PIF", ref, "device") == device]
    tagged = [ref for ref in named if call.db.field("PIF", ref, "VLAN") == pif_rules.NO_VLAN]
    if not tagged:
        raise XapiFailure("INVALID_VALUE", "device", device)
    return text(call.db.field("VLAN", await create(call, tagged[0], tag, network), "untagged_PIF"))


@operation("PIF.destroy")
async def destroy_pif(call: Call, self: str) -> None:
    """Deprecated: of a VLAN's PIF."""
    vlan = text(call.db.field("PIF", self, "VLAN_master_of"))
    if not call.db.exists("VLAN", vlan):
        raise XapiFailure("PIF_IS_PHYSICAL", self)
    await destroy(call, vlan)


@operation("tunnel.create")
async def create_tunnel(call: Call, transport: str, network: str, protocol: str) -> str:
    db = call.db
    record = db.record("PIF", transport)
    host = text(record["host"])
    pif_rules.assert_connectable(db, network, host)
    pif_rules.assert_not_in_bond(db, transport, "CANNOT_ADD_TUNNEL_TO_BOND_SLAVE")
    pif_rules.assert_not_tunnel(db, transport)
    if mapping(db.field("host", host, "software_version")).get("network_backend") != "openvswitch":
        raise XapiFailure("OPENVSWITCH_NOT_ACTIVE")
    await work(call, CREATE_S)
    taken = {text(db.field("PIF", ref, "device")) for ref in strings(db.field("host", host, "PIFs"))}
    device = next(f"tunnel{at}" for at in range(len(taken) + 1) if f"tunnel{at}" not in taken)
    access = pif_rules.pif_row(call, host, network, device=device, MAC=new_mac(call))
    active = pif_rules.configured(record) and bool(record["currently_attached"])
    tunnel = db.create(
        "tunnel",
        {
            "access_PIF": access, "transport_PIF": transport, "protocol": protocol,
            "status": {"active": str(active).lower()},
        },
    )  # fmt: skip
    if active:
        pif.bring_up(call, access)
    return tunnel


@operation("tunnel.destroy")
async def destroy_tunnel(call: Call, self: str) -> None:
    db = call.db
    access = text(db.field("tunnel", self, "access_PIF"))
    _check_destroy(call, access)
    await work(call, CREATE_S)
    _check_destroy(call, access)
    db.destroy("tunnel", self)
    pif_rules.destroy_pif(db, access)


def new_mac(call: Call) -> str:
    """A locally administered address, as xapi makes them."""
    rng = call.db.rng
    return ":".join(f"{byte:02x}" for byte in (rng.randrange(256) & 0xFC | 0x02, *rng.randbytes(5)))


async def _on_all(call: Call, pifs: list[str], network: str, tag: int) -> list[str]:
    """All or none of them; those whose lower PIF is up are plugged."""
    for tagged in pifs:
        _check_create(call, tagged, tag, network)
        assert_live(call, text(call.db.field("PIF", tagged, "host")))
    await work(call, CREATE_S)
    for tagged in pifs:
        _check_create(call, tagged, tag, network)
    made = []
    for tagged in pifs:
        untagged = text(call.db.field("VLAN", _create(call, tagged, tag, network), "untagged_PIF"))
        if call.db.field("PIF", tagged, "currently_attached"):
            pif.bring_up(call, untagged)
        made.append(untagged)
    return made


def _create(call: Call, tagged: str, tag: int, network: str) -> str:
    db = call.db
    record = db.record("PIF", tagged)
    untagged = pif_rules.pif_row(
        call, text(record["host"]), network, device=record["device"], MAC=record["MAC"], VLAN=tag,
        metrics=record["metrics"],
    )  # fmt: skip
    vlan = db.create("VLAN", {"tagged_PIF": tagged, "untagged_PIF": untagged, "tag": tag})
    db.set("PIF", untagged, VLAN_master_of=vlan)
    return vlan


def _destroy(call: Call, vlan: str, untagged: str) -> None:
    call.db.destroy("VLAN", vlan)
    if call.db.exists("PIF", untagged):
        pif_rules.destroy_pif(call.db, untagged)


def _check_create(call: Call, tagged: str, tag: int, network: str) -> None:
    """The network comes before the tag: wire 07-087."""
    db = call.db
    record = db.record("PIF", tagged)
    host = text(record["host"])
    pif_rules.assert_connectable(db, network, host)
    pif_rules.assert_not_in_bond(db, tagged, "CANNOT_ADD_VLAN_TO_BOND_SLAVE")
    if number(record["VLAN"]) >= 0:
        raise XapiFailure("PIF_IS_VLAN", tagged)
    pif_rules.assert_not_tunnel(db, tagged)
    if not 0 <= tag <= LAST_TAG:
        raise XapiFailure("VLAN_TAG_INVALID", str(tag))
    for vlan in strings(record["VLAN_slave_of"]):
        if db.field("VLAN", vlan, "tag") == tag:
            raise XapiFailure("PIF_VLAN_EXISTS", text(db.field("VLAN", vlan, "untagged_PIF")))


def _check_destroy(call: Call, untagged: str) -> None:
    if untagged == NULL_REF or not call.db.exists("PIF", untagged):
        return
    pif_rules.assert_not_management(call.db, untagged)
    pif_rules.assert_bare(call.db, untagged)
    pif_rules.assert_unused(call.db, untagged)
