"""How fast training goes: its input against tensors in memory, and two workers against one.

    python benchmarks/training/run.py

Runs the flights sample through the pipeline once, for its transformed examples, and then trains on
them in turns. Prints a table; the ratios are what counts, all of one run on one machine.
"""

import itertools
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.util import tfxio_utils
from tfx.proto import example_gen_pb2
from tfx_bsl.public import tfxio

from modules.preprocessing import transformed
from modules.spec.model import Mlp, TabM
from modules.training import history
from modules.training.blueprint import Blueprint
from modules.training.compiling import compile_for
from modules.training.examples import load
from modules.training.fit import Plan, plan
from modules.training.input import Share, Table, training_batches
from modules.training.job import Job
from modules.training.launcher import launch
from modules.training.trainer import train
from pipeline import spec as spec_of

ROOT = pathlib.Path(__file__).parents[2]
SPEC = ROOT / "data" / "flights" / "spec.toml"
HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
TURNS = 3
MODELS = {"mlp": Mlp(), "tabm": TabM()}


class Examples:
    """The transformed examples of the flights sample."""

    def __init__(self, folder: pathlib.Path) -> None:
        # Transform of TFX's own: its tf.Examples are what TFX's template can read.
        stock = ["--set", 'stock=["Transform"]']
        command = [HEADRACE, "run", SPEC, "--runs", folder, "--set", "training.steps=1", *stock]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        (made,) = (folder / "artifacts" / "Transform" / "transformed_examples").iterdir()
        (graph,) = (folder / "artifacts" / "Transform" / "transform_graph").iterdir()
        self.files = {name: (str(made / f"Split-{name}" / "*"),) for name in ("train", "valid")}
        self.graph = str(graph)
        self.transform = tft.TFTransformOutput(self.graph)

    def job(self, folder: pathlib.Path, *overrides: str) -> Job:
        """A training of the committed spec, some keys changed."""
        return Job(
            spec=spec_of.load(SPEC, overrides).learning(),
            folder=str(SPEC.parent),
            transform=self.graph,
            train=self.files["train"],
            valid=self.files["valid"],
            model=str(folder / "model"),
            run=str(folder / "run"),
        )


class Speed(keras.callbacks.Callback):
    """Examples a second of each epoch but the first, which is spent on tracing."""

    def __init__(self, examples: int) -> None:
        super().__init__()
        self.examples = examples
        self.found: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del epoch, logs
        self._begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        del logs
        if epoch:
            self.found.append(self.examples / (time.perf_counter() - self._begun))


class Contest:
    """One compiled model, fed in different ways."""

    def __init__(self, examples: Examples, family: str, batch_size: int) -> None:
        job = examples.job(pathlib.Path(), f"training.batch_size={batch_size}")
        parsed = examples.transform.transformed_feature_spec()
        memory_mb = job.spec.training.memory_mb
        arrays = load(examples.files["train"], parsed, memory_mb, pathlib.Path())
        self.label = transformed(job.spec.label.column)
        self.arrays = arrays
        self.plan = plan(job.spec.training, arrays.rows, 1)
        self.blueprint = Blueprint.of(job.spec, examples.transform, arrays, SPEC.parent)
        self.family = MODELS[family]

    def speed(self, batches: tf.data.Dataset, batch_size: int, at_once: int) -> float:
        """Examples a second of `fit`, the fastest of a few short epochs."""
        model = self.blueprint.build("float32", self.family)
        planned = Plan(self.plan.training, self.plan.order, self.plan.total, at_once)
        compile_for(model, planned, self.blueprint.spec.label, self.blueprint.head, "float32")
        steps = max(at_once, 32 * 1024 // batch_size // at_once * at_once)
        timer = Speed(steps * batch_size)
        model.fit(
            batches, steps_per_epoch=steps, epochs=3, shuffle=False, callbacks=[timer], verbose=0
        )
        return max(timer.found)

    def turn(self, examples: Examples) -> dict[str, float]:
        """Examples a second of each way."""
        size, at_once = self.plan.order.batch_size, self.plan.at_once
        return {
            "in memory": self.speed(self.in_memory(), size, at_once),
            "ours": self.speed(self.ours(), size, at_once),
            "TFX's template": self.speed(self.template(examples), 200, 1),
        }

    def ours(self) -> tf.data.Dataset:
        """The Trainer's own input."""
        return training_batches(Table(self.arrays, self.label), self.plan.order, 0, Share())

    def in_memory(self) -> tf.data.Dataset:
        """The ceiling: one batch of tensors, handed over again and again."""
        size = self.plan.order.batch_size
        batch = {name: tf.constant(array[:size]) for name, array in self.arrays.items()}
        one = tf.data.Dataset.from_tensors((batch, batch.pop(self.label)))
        return one.repeat().prefetch(tf.data.AUTOTUNE)

    def template(self, examples: Examples) -> tf.data.Dataset:
        """The input of TFX's templates: what their `tf_dataset_factory` makes, batches of 200."""
        source = tfxio_utils.make_tfxio(
            list(examples.files["train"]),
            ["benchmark"],
            example_gen_pb2.FORMAT_TF_EXAMPLE,
            schema=examples.transform.transformed_metadata.schema,
        )
        options = tfxio.TensorFlowDatasetOptions(batch_size=200, label_key=self.label)
        return source.TensorFlowDataset(options).repeat()


def feeding(examples: Examples) -> None:
    """The Trainer's input against the ceiling, and against the template's."""
    print("model  batch  input            examples/s (median of turns, best epoch)  ratio")
    for family, batch_size in itertools.product(MODELS, (128, 1024)):
        contest = Contest(examples, family, batch_size)
        found: dict[str, list[float]] = {}
        for _ in range(TURNS):
            for name, speed in contest.turn(examples).items():
                found.setdefault(name, []).append(speed)
        speeds = {name: statistics.median(several) for name, several in found.items()}
        for name, speed in speeds.items():
            ratio = speed / speeds["in memory"]
            print(f"{family:6} {batch_size:5}  {name:15} {speed:12,.0f}  {ratio:6.2f}", flush=True)


def together(examples: Examples, folder: pathlib.Path) -> None:
    """Two workers against one process, at the same global batch."""
    print("workers  batch  hidden     ms a step  ratio")
    for width in (128, 512):
        hidden = f"{width} x {width}"
        keys = [
            "model.family=mlp",
            f"model.hidden=[{width}, {width}]",
            "training.batch_size=256",
            "training.steps=780",
        ]
        alone = examples.job(folder / f"alone-{width}", *keys)
        pair = examples.job(folder / f"pair-{width}", *keys, "training.strategy=multi_worker")
        train(alone)
        launch(pair)
        one, two = (step_time(job) for job in (alone, pair))
        for workers, seconds in ((1, one), (2, two)):
            told = f"{workers:7}    256  {hidden:9}  {1000 * seconds:9.2f}  {seconds / one:5.2f}"
            print(told, flush=True)


def step_time(job: Job) -> float:
    """Seconds a step, the median over the epochs but the first, which is spent on tracing."""
    epochs = history.read(job.run_folder)["epochs"][1:]
    size = job.spec.training.batch_size
    return statistics.median(size / epoch["examples_per_second"] for epoch in epochs)


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        examples = Examples(folder / "runs")
        feeding(examples)
        together(examples, folder)


if __name__ == "__main__":
    main()
