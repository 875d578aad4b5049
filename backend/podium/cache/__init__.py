"""The live cache: raw records, projected objects, queries over them."""
