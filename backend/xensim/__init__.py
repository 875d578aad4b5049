"""A simulated XenServer pool: the demo, the tests' XenServer and the benchmark's load."""

from xensim.serving import serve
from xensim.sim import Options, Sim

__all__ = ["Options", "Sim", "serve"]
