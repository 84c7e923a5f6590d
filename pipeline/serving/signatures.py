"""The signatures of a model that this server knows by name; modules/export.py makes them."""

DEFAULT = "serving_default"  # serialized tf.Examples, and whatever names no signature
RAW = "serving_raw"  # a tensor `(batch, 1)` a feature
