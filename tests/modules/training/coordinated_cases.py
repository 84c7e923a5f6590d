"""Trainings by this process and by workers beside a parameter server; for `run_coordinated`."""

import dataclasses
import pathlib
import tempfile

import tensorflow as tf

from modules.spec.model import TabM, WideAndDeep
from modules.spec.training import Training
from modules.training import cluster, server
from modules.training import fit as fitting
from modules.training.callbacks import build_callbacks
from modules.training.checkpoint import Start
from modules.training.compiling import compile_for
from modules.training.examples import Examples
from modules.training.fit import plan
from modules.training.input import Table
from modules.training.strategy import Spread, spread
from tests.modules.training import replica_cases as cases
from tests.modules.training.groups import report

# A checkpoint waits until no step is under way: with one a step, no two steps are at once.
IN_TURN = {"steps": 24, "steps_per_execution": 1, "checkpoint_steps": 1}
EVERY_CALLBACK = [
    {"name": "csv_logger"},
    {"name": "tensorboard", "update_freq": "batch", "histogram_freq": 1, "write_graph": True},
]
LARGE = 130_000  # ids with vectors of 8: so many that their gradient stays sparse


def mlp(shared):
    """Everything that a step may do to a gradient, one of a large embedding among them."""
    columns = [cases.COLUMNS[0], dataclasses.replace(cases.COLUMNS[1], cardinality=LARGE)]
    given = {"optimizer": "adam", "learning_rate": 0.01, "schedule": "cosine", "clip_norm": 0.1}
    given["callbacks"] = [*cases.TRAINING["callbacks"], *EVERY_CALLBACK]
    found = cases.fitted(
        shared, lambda: cases.network(cases.MLP, columns=columns), **IN_TURN | given
    )
    # The 5 ids that the examples have; of the network all but some.
    found["weights"] = [found["weights"][place] for place in (*range(5 * 8), *range(-80, 0))]
    return found


def tabm(shared):
    settings = TabM(members=3, hidden=(8,), dropout=0.0)
    return cases.fitted(shared, lambda: cases.network(settings), **IN_TURN)


def wide_and_deep(shared):
    settings = WideAndDeep(hidden=(8,), dropout=0.0)
    return cases.fitted(shared, lambda: cases.network(settings), **IN_TURN)


def distilled(shared):
    return cases.distilled(shared, **IN_TURN)


def at_once(shared):
    """What is counted of 160 rows, over and over, with a model that stays what it is."""
    rows = {"x_xf": cases.X[:160], "c_xf": cases.C[:160], "y_xf": cases.Y[:160]}
    table = Table(Examples.of(rows), "y_xf")
    given = {"steps": 200, "learning_rate": 1e-12, "steps_per_execution": 1, "metrics": ["f1"]}
    given["callbacks"] = [{"name": "early_stopping", "patience": 7, "min_delta": 0.1}]
    training = Training(**cases.TRAINING | given)
    planned = plan(training, 160, 1)
    with shared.strategy.scope():
        model = cases.network(cases.MLP)
        compile_for(model, planned, cases.LABEL, cases.HEAD, "float32")
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder)
        callbacks = build_callbacks(training.callbacks, run)
        recorder = fitting.fit(model, (table, table), planned, shared, callbacks, Start(run))
    return {
        "epochs": recorder.epochs,
        "losses": [record["loss"] for record in recorder.steps],
        "iterations": int(model.optimizer.iterations.numpy()),
    }


def main():
    found = cluster.from_environment()
    if not found.is_chief:
        server.serve(found)
    together = spread(Training(strategy="parameter_server"))
    alone = Spread(tf.distribute.get_strategy())
    all_cases = (mlp, tabm, wide_and_deep, distilled, at_once)
    report({case.__name__: [case(alone), case(together)] for case in all_cases})


if __name__ == "__main__":
    main()
