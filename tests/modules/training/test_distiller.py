"""A student beside its teacher: what it learns, and what the teacher keeps."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.columns import Column, Head
from modules.models.build import build_model
from modules.spec.label import Label
from modules.spec.losses import Distillation
from modules.spec.model import Mlp, TabM
from modules.spec.training import Training
from modules.training import fit as fitting
from modules.training.checkpoint import Start
from modules.training.compiling import compile_for
from modules.training.distillation import build_distillation
from modules.training.distiller import Distiller
from modules.training.examples import Examples
from modules.training.fit import plan
from modules.training.input import Table
from modules.training.strategy import Spread

SCRIPT = pathlib.Path(__file__).with_name("replica_cases.py")

COLUMNS = [Column("x_xf", 2, "float32", None)]
TASKS = {
    "binary": (Label(column="y", task="binary"), Head("binary", 2)),
    "multiclass": (
        Label(column="y", task="multiclass", classes=("a", "b", "c")),
        Head("multiclass", 3),
    ),
    "regression": (Label(column="y", task="regression"), Head("regression", mean=10.0, std=2.0)),
}
STUDENTS = [
    Mlp(hidden=(32,), dropout=0.0),
    TabM(members=4, hidden=(32,), dropout=0.0),
]
X = np.random.default_rng(0).normal(size=(256, 2)).astype(np.float32)


def network(settings, task, seed=0):
    keras.utils.set_random_seed(seed)
    return build_model(settings, COLUMNS, TASKS[task][1], pathlib.Path())


def teacher_of(task):
    """A network of weights so large that its predictions differ from row to row."""
    made = network(Mlp(hidden=(8,), dropout=0.0), task, seed=5)
    made.set_weights([2 * weight for weight in made.get_weights()])
    made.trainable = False
    return made


def noise(task):
    """Labels that have nothing to do with the rows."""
    random = np.random.default_rng(1)
    if task == "regression":
        return random.normal(10, 2, size=(256, 1)).astype(np.float32)
    return random.integers(0, TASKS[task][1].classes, size=(256, 1))


def distill(task, student, folder, weight=1.0, steps=600):
    """The teacher, the distiller after its training, and the record of its last epoch."""
    label, head = TASKS[task]
    settings = Distillation(teacher=Mlp(), weight=weight, temperature=1.0)
    training = Training(steps=steps, batch_size=64, learning_rate=0.02, loss=settings)
    teacher = teacher_of(task)
    model = Distiller(network(student, task), teacher, build_distillation(settings, head))
    planned = plan(training, len(X), 1)
    compile_for(model, planned, label, head, "float32")
    table = Table(Examples.of({"x_xf": X, "y_xf": noise(task)}), "y_xf")
    alone = Spread(tf.distribute.get_strategy())
    folder.mkdir(exist_ok=True)
    recorder = fitting.fit(model, (table, table), planned, alone, [], Start(folder))
    return teacher, model, recorder.epochs[-1]


def predicted(model):
    return keras.ops.convert_to_numpy(model({"x_xf": X}, training=False))


@pytest.mark.parametrize("student", STUDENTS, ids=["mlp", "ensemble"])
@pytest.mark.parametrize("task", list(TASKS))
def test_a_student_learns_the_teachers_predictions_though_the_labels_are_noise(
    tmp_path, task, student
):
    teacher, model, _ = distill(task, student, tmp_path)

    expected = predicted(teacher)
    scale = TASKS[task][1].std
    untaught = np.abs(predicted(network(student, task)) - expected).mean() / scale
    assert np.abs(predicted(model) - expected).mean() / scale < untaught / 5


def test_a_student_without_weight_for_the_teacher_learns_the_labels(tmp_path):
    _, taught, _ = distill("binary", STUDENTS[0], tmp_path / "1", weight=1.0, steps=100)
    _, alone, _ = distill("binary", STUDENTS[0], tmp_path / "0", weight=0.0, steps=100)

    def loss(model):
        return np.mean(keras.losses.binary_crossentropy(noise("binary"), predicted(model)))

    assert loss(alone) < loss(taught) - 0.05


@pytest.mark.parametrize("student", STUDENTS, ids=["mlp", "ensemble"])
def test_what_is_watched_is_the_loss_of_the_labels(tmp_path, student):
    _, model, last = distill("binary", student, tmp_path, steps=40)

    labels, answers = noise("binary").astype(np.float32), predicted(model)
    log_loss = -np.mean(labels * np.log(answers) + (1 - labels) * np.log(1 - answers))
    assert last["val_loss"] == pytest.approx(log_loss, rel=1e-4)
    assert last["val_accuracy"] == pytest.approx(np.mean((answers > 0.5) == labels), abs=1e-6)


def test_the_loss_of_training_is_that_of_the_student_and_its_teacher(tmp_path):
    student = Mlp(hidden=(4,), dropout=0.0, l2=0.1)
    settings = Distillation(teacher=Mlp(), weight=0.25, temperature=3.0)
    label, head = TASKS["binary"]
    loss = build_distillation(settings, head)
    model = Distiller(network(student, "binary"), teacher_of("binary"), loss)
    planned = plan(Training(steps=1, batch_size=256, loss=settings), len(X), 1)
    compile_for(model, planned, label, head, "float32")
    taught, before = predicted(teacher_of("binary")), predicted(model)
    penalty = sum(float(each) for each in model.losses)

    logs = model.train_on_batch({"x_xf": X}, noise("binary"), return_dict=True)

    expected = float(loss(noise("binary"), taught, before)) + penalty
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)
    # 0.1 times the squares of the two kernels: not a trifle beside the loss
    assert penalty > 0.1


def test_the_teacher_stays_as_it_was_and_is_no_part_of_the_student(tmp_path):
    before = teacher_of("binary").get_weights()

    teacher, model, _ = distill("binary", STUDENTS[0], tmp_path, steps=40)

    for weight, expected in zip(teacher.get_weights(), before, strict=True):
        assert weight.tobytes() == expected.tobytes()
    students = {id(variable) for variable in model.student.weights}
    assert {id(variable) for variable in model.weights} == students
    assert not students & {id(variable) for variable in teacher.variables}


@pytest.mark.timeout(900)  # as in test_keras_mend.py
@pytest.mark.parametrize("case", ["distilled", "distilled_ensemble"])
def test_two_replicas_distill_what_one_does(group, case):
    one, two = group(SCRIPT, 1)[0][case]

    assert (one["replicas"], two["replicas"]) == (1, 2)
    assert two["weights"] == pytest.approx(one["weights"], abs=1e-5)
    assert two["metrics"] == pytest.approx(one["metrics"], abs=1e-5)
