"""What Podium costs, measured: `python bench/run.py` (or `make bench`)."""
