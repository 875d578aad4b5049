"""Round-robin databases: what each host measures of itself, its VMs and its storage. Source: PROTOCOL.md 8.

Nothing is stored: each value is a function of the seed, a uuid, a source and a time, see `waves`.
"""

from xensim.rrd.statistics import Statistics

__all__ = ["Statistics"]
