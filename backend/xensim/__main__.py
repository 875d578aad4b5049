"""`python -m xensim`."""

from xensim.cli import main

main()
