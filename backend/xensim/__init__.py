"""A simulated XenServer pool: the demo, the tests' XenServer and the benchmark's load."""

from xensim.neighbours import Neighbours
from xensim.serving import serve
from xensim.sim import Options, Sim

__all__ = ["Neighbours", "Options", "Sim", "serve"]
