"""What XAPI's failures mean, by code: PROTOCOL.md 9 and errors.json, as far as people meet them.

The web client's texts are made from these by `tools/gen_refusals.py`.
"""

from typing import Final

from podium.services.refusal_table.backend import BACKEND
from podium.services.refusal_table.calls import CALLS
from podium.services.refusal_table.disks import DISKS
from podium.services.refusal_table.hosts import HOSTS
from podium.services.refusal_table.imports import IMPORTS
from podium.services.refusal_table.kinds import Refusal
from podium.services.refusal_table.network import NETWORK
from podium.services.refusal_table.others import OTHERS
from podium.services.refusal_table.pools import POOLS
from podium.services.refusal_table.storage import STORAGE
from podium.services.refusal_table.vms import VMS

TABLE: Final[dict[str, Refusal]] = {
    **CALLS,
    **VMS,
    **HOSTS,
    **DISKS,
    **STORAGE,
    **BACKEND,
    **NETWORK,
    **POOLS,
    **IMPORTS,
}

ANY_BACKEND: Final = "SR_BACKEND_FAILURE"


def refusal(code: str) -> Refusal | None:
    """What a code means; None for one that nobody has described. A driver's number may be any."""
    if code.startswith(f"{ANY_BACKEND}_"):
        return TABLE.get(code, TABLE[ANY_BACKEND])
    return TABLE.get(code) or OTHERS.get(code)
