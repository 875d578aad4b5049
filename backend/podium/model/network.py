"""Networks: what VIFs and PIFs are plugged into."""

from typing import Literal

from podium.model.base import Lookup, PoolObject, Resource
from podium.model.identity import object_id
from podium.model.pif import is_bonded
from podium.xapi.records import NetworkRecord, PIFRecord, Ref


class Network(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "mtu": "MTU",
        "pifs": "PIFs",
        "vifs": "VIFs",
        "default_is_locked": "defaultIsLocked",
        "insecure_nbd": "insecureNbd",
        "is_bonded": "isBonded",
    },
):
    """A network of a pool."""

    type: Literal["network"] = "network"
    name_label: str
    name_description: str
    tags: tuple[str, ...]
    pifs: tuple[str | None, ...]
    vifs: tuple[str | None, ...]
    mtu: int
    automatic: bool
    bridge: str
    current_operations: dict[str, str]
    default_is_locked: bool
    insecure_nbd: bool
    is_bonded: bool
    nbd: bool
    other_config: dict[str, str]


RESOURCES = (Resource(type="network", collection="networks", struct=Network, privilege="network", title="network"),)


def network(ref: Ref, record: NetworkRecord, look: Lookup) -> Network:
    return Network(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label,
        name_description=record.name_description,
        tags=record.tags,
        pifs=look.links(record.PIFs),
        vifs=look.links(record.VIFs),
        mtu=record.MTU,
        automatic=record.other_config.get("automatic") == "true",
        bridge=record.bridge,
        current_operations=record.current_operations,
        default_is_locked=record.default_locking_mode == "disabled",
        insecure_nbd="insecure_nbd" in record.purpose,
        is_bonded=any(look.fact(PIFRecord, pif, is_bonded) for pif in record.PIFs),
        nbd="nbd" in record.purpose,
        other_config=record.other_config,
    )
