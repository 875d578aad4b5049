"""host.disable and enable: whether new VMs may come."""

from xensim.ops import device_rules
from xensim.registry import Call, operation


@operation("host.disable")
def disable(call: Call, host: str, auto_enable: bool) -> None:  # noqa: ARG001 - says what a restart of the toolstack does
    call.db.set("host", host, enabled=False, allowed_operations=device_rules.HOST_DISABLED)


@operation("host.enable")
def enable(call: Call, host: str) -> None:
    call.db.set("host", host, enabled=True, allowed_operations=device_rules.HOST_ENABLED)
