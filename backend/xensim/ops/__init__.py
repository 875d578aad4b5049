"""What the simulated pool can do: importing this package registers its operations."""

from xensim.ops import (
    host,
    network,
    storage,
    vbd,
    vdi,
    vif,
    vm_copies,
    vm_life,
    vm_power,
    vm_settings,
)

__all__ = ["host", "network", "storage", "vbd", "vdi", "vif", "vm_copies", "vm_life", "vm_power", "vm_settings"]
