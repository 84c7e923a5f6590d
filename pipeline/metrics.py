"""The metrics a spec may name for each task, and what TFMA calls them."""

# name in the spec -> metric class of TFMA, https://www.tensorflow.org/tfx/model_analysis/metrics
METRICS: dict[str, dict[str, str]] = {
    "binary": {
        "auc": "AUC",
        "pr_auc": "AUCPrecisionRecall",
        "accuracy": "BinaryAccuracy",
        "log_loss": "BinaryCrossEntropy",
        "precision": "Precision",
        "recall": "Recall",
        "calibration": "Calibration",
    },
    "multiclass": {
        "accuracy": "SparseCategoricalAccuracy",
        "log_loss": "SparseCategoricalCrossentropy",
    },
    "regression": {
        "rmse": "RootMeanSquaredError",
        "mae": "MeanAbsoluteError",
        "mse": "MeanSquaredError",
    },
}
# The one number by which models of a task are told apart.
HEADLINE = {"binary": "auc", "multiclass": "accuracy", "regression": "rmse"}
