"""Builds the environment that everything else runs in. Standard library only."""
