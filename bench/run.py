"""`python bench/run.py [--only NAME] [--quick]`: see suite.py."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "backend")]

from bench.suite import main  # noqa: E402 - runs without an installed package

if __name__ == "__main__":
    main()
