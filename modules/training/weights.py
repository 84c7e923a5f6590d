"""How much each example counts in the loss."""

import numpy as np

from modules.spec.label import Label
from modules.spec.training import Training


def of_classes(training: Training, label: Label, labels: np.ndarray) -> np.ndarray | None:
    """A weight an example, by its class.

    Args:
        training: its `class_weights`; a class that it does not name has weight 1.
        label: whose classes.
        labels: int64 `(rows, 1)` places among the classes.

    Returns:
        float32 `(rows,)`, or None if all count alike.
    """
    wanted = training.class_weights
    if wanted is None:
        return None
    places = labels.ravel()
    if wanted == "balanced":
        # rows / (classes * rows of the class), King and Zeng (2001), as scikit-learn has it.
        counts = np.bincount(places, minlength=len(label.classes))
        by_place = len(places) / (len(label.classes) * np.maximum(counts, 1))
    else:
        by_place = np.array([wanted.get(name, 1.0) for name in label.classes])
    return by_place[places].astype(np.float32)
