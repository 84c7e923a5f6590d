"""One process of a training: from transformed examples to a checked SavedModel."""

import dataclasses
import os
import pathlib
import shutil
import time

import keras
import tensorflow as tf
import tensorflow_transform as tft

from modules.columns import columns
from modules.errors import GateError
from modules.export import export
from modules.preprocessing import transformed
from modules.progress import LOGGER
from modules.spec.losses import Distillation
from modules.training import history, weights
from modules.training.blueprint import Blueprint
from modules.training.callbacks import build_callbacks
from modules.training.checkpoint import CHECKPOINT, Start
from modules.training.compiling import compile_for
from modules.training.distillation import build_distillation
from modules.training.distiller import Distiller
from modules.training.examples import Examples, load
from modules.training.fit import Plan, fit, plan
from modules.training.input import Table
from modules.training.job import Job
from modules.training.losses import check_labels
from modules.training.parity import Parity, check, keep
from modules.training.precision import Resolved, resolve
from modules.training.recording import Recorder
from modules.training.strategy import Spread, spread
from modules.training.warm_start import Reused, warm_start


@dataclasses.dataclass(frozen=True)
class Session:
    """What one process knows once its examples are read."""

    job: Job
    transform: tft.TFTransformOutput
    watched: Examples
    tables: tuple[Table, Table]  # to learn from, to watch
    blueprint: Blueprint
    precision: Resolved
    shared: Spread
    plan: Plan

    def compiled(self, model: keras.Model) -> keras.Model:
        """The model, ready to be fitted."""
        label, head = self.job.spec.label, self.blueprint.head
        compile_for(model, self.plan, label, head, self.precision)
        return model

    def fit(self, model: keras.Model, folder: pathlib.Path) -> Recorder:
        """Fits a model; its logs and checkpoint go to the folder."""
        callbacks = build_callbacks(self.plan.training.callbacks, folder)
        start = Start(folder, self.job.attempt, self.job.restarts)
        return fit(model, self.tables, self.plan, self.shared, callbacks, start)


def train(job: Job) -> None:
    """Trains; the chief, or whoever is alone, writes the model and its history.

    Raises:
        SpecError: if the spec asks for what the machine or the data cannot give.
        GateError: if a loss is not finite, or the exported model is not the trained one.
    """
    begun = time.monotonic()
    session = _session(job)
    network, model, reused = _models(session)
    try:
        recorder = session.fit(model, job.run_folder)
    except GateError as error:
        raise GateError([*error.problems, *_kept(job.run_folder)]) from error
    if not session.shared.is_chief:
        return
    parity = _exported(session, network)
    facts = {
        "seconds": round(time.monotonic() - begun, 3),
        "replicas": session.shared.replicas,
        "precision": session.precision,
        "model": job.spec.model.model_dump(mode="json"),
        "layers": history.layers(network),
        "examples": {"train": session.plan.order.rows, "valid": session.watched.rows},
        "warm_start": dataclasses.asdict(reused) if reused else None,
        "parity": dataclasses.asdict(parity),
    }
    history.write(history.history(recorder, session.plan, **facts), job.run_folder)
    for checkpoint in job.run_folder.rglob(CHECKPOINT):
        checkpoint.unlink()


def _kept(run_folder: pathlib.Path) -> list[str]:
    """Puts the last good checkpoint beside the run's folder, which TFX removes, and says where."""
    last, kept = run_folder / CHECKPOINT, run_folder.with_name(f"{run_folder.name}-{CHECKPOINT}")
    if not last.exists():
        return []
    copy = kept.with_suffix(f".{os.getpid()}")  # every worker of a group comes here
    shutil.copyfile(last, copy)
    copy.replace(kept)
    return [f"training: the last good checkpoint is kept at {kept}"]


def _session(job: Job) -> Session:
    spec, training = job.spec, job.spec.training
    if training.deterministic:
        keras.utils.set_random_seed(training.seed)  # before it, TensorFlow asks for a seed
        tf.config.experimental.enable_op_determinism()
    shared = spread(training)
    transform = tft.TFTransformOutput(job.transform)
    columns(transform, spec.label)  # what no model takes is told of before anything is read
    parsed = transform.transformed_feature_spec()
    learned, watched = (
        load(files, parsed, training.memory_mb, job.run_folder) for files in (job.train, job.valid)
    )
    label = transformed(spec.label.column)
    check_labels(training.loss, learned[label])
    weighted = weights.of_classes(training, spec.label, learned[label])
    return Session(
        job=job,
        transform=transform,
        watched=watched,
        tables=(Table(learned, label, weighted), Table(watched, label)),
        blueprint=Blueprint.of(spec, transform, learned, pathlib.Path(job.folder)),
        precision=resolve(training.precision),
        shared=shared,
        plan=plan(training, learned.rows, shared.replicas),
    )


def _models(session: Session) -> tuple[keras.Model, keras.Model, Reused | None]:
    """The network, the compiled model that trains it, and what the network starts from."""
    job, blueprint = session.job, session.blueprint
    loss = job.spec.training.loss
    teacher = _teacher(session, loss) if isinstance(loss, Distillation) else None
    with session.shared.strategy.scope():
        network = model = blueprint.build(session.precision)
        if isinstance(loss, Distillation):
            model = Distiller(network, teacher, build_distillation(loss, blueprint.head))
        session.compiled(model)
    if not job.base_model:
        return network, model, None
    base = pathlib.Path(job.base_model)
    return network, model, warm_start(network, base, session.transform, job.spec)


def _teacher(session: Session, loss: Distillation) -> keras.Model:
    """The teacher, trained; after a restart, as it was."""
    LOGGER.info(f"the teacher ({loss.teacher.family}) learns first")
    with session.shared.strategy.scope():
        teacher = session.compiled(session.blueprint.build(session.precision, loss.teacher))
    session.fit(teacher, session.job.run_folder / "teacher")
    teacher.trainable = False
    return teacher


def _exported(session: Session, network: keras.Model) -> Parity:
    """Writes the SavedModel in float32, and leaves none that is not the trained model.

    Some of its predictions are kept beside the history.
    """
    job, folder = session.job, pathlib.Path(session.job.model)
    made = session.blueprint.in_float32(network)
    compared = (network, session.blueprint, session.watched, session.precision)
    try:
        export(made, session.transform, job.spec, folder)
        parity = check(folder, *compared)
    except GateError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    keep(job.run_folder, *compared)
    return parity
