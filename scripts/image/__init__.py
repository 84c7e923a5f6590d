"""Builds the image that the pods of a cluster run. Standard library only."""
