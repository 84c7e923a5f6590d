"""A double of the Kubernetes API: `cluster.py` is where to begin."""
