"""The HTTP handlers of a host, PROTOCOL.md 7: transfers of disks and VMs, consoles, logs, measurements."""

from xensim.handlers import blob, console, export, imports, logs, raw_vdi, rrds
from xensim.handlers.rrd_updates import updates
from xensim.handlers.serve import taker

HANDLER_MODULES = (blob, console, export, imports, logs, raw_vdi, rrds)  # importing them registers what they hold

__all__ = ["HANDLER_MODULES", "taker", "updates"]
