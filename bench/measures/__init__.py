"""One file per question that the table answers."""
