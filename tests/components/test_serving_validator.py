"""Models are called in a process of their own with TensorFlow alone, and bad ones are refused."""

import pathlib
import re
import subprocess
import sys

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from components.serving_validator import probe
from components.serving_validator.validating import validate
from tests.components import served
from tests.components.served import settings


@pytest.fixture(scope="module")
def scene(tmp_path_factory, serialized):
    return served.scene(tmp_path_factory.mktemp("served"), serialized)


@pytest.fixture
def reasons(scene, tmp_path):
    """Why a model that `served.save` writes is refused."""

    def reasons(*predict, edit=lambda folder: None, without=(), **serving):
        model = served.save(tmp_path / "model", *predict, without=without)
        edit(model)
        found = validate(scene.subject(model), settings(**serving))
        assert found.blessed is (not found.reasons)
        return found.reasons

    return reasons


def test_a_good_model_is_blessed_and_what_it_takes_is_known(scene, tmp_path):
    found = validate(scene.subject(served.save(tmp_path / "model")), settings())

    assert (found.blessed, found.reasons, found.rows) == (True, [], 4)
    # a row is looked for by what the transform graph makes of it: the first and the last are alike
    assert (found.trainer.rows, found.trainer.bound) == (4, 1e-4)
    assert found.trainer.largest <= 1e-6
    assert set(found.latency) == {"serving_default", "serving_raw"}
    for latency in found.latency.values():
        assert (latency.calls, latency.batch_rows) == (100, 4)
        assert 0 < latency.p50_ms <= latency.p95_ms
    assert found.startup_seconds > found.load_seconds > 0
    assert found.peak_memory_mb > 100  # TensorFlow alone
    assert found.tensorflow == tf.__version__
    told = r"answers in [\d.]+ ms \(p95 [\d.]+\), starts in [\d.]+ s, [\d,]+ MB; "
    assert re.fullmatch(told + "agrees with the trainer to .+", found.summary())


def test_a_prediction_that_is_no_number_is_refused_by_every_way_it_was_asked(reasons):
    def zero_by_zero(x, carrier):
        return x / x * served.good(x, carrier)  # NaN for 0, and for missing

    found = reasons(zero_by_zero)

    mend = (
        "expected a finite number. Look in the model and the preprocessing for a division, a "
        "logarithm or a root of what can be 0 or missing"
    )
    told = "'probability' is nan"
    # Rows 1 and 4: x is 0, or missing. The fullest row is the first: NaN, whatever it lacks.
    for signature in ("serving_default", "serving_raw"):
        assert (f"{signature}: {told} for 2 of 4 rows (all at once), first row 1; {mend}") in found
        assert f"{signature}: {told} when x, carrier, every feature is missing; {mend}" in found


def test_a_model_that_calls_python_is_refused(reasons):
    def by_python(x, carrier):
        total = tf.py_function(lambda a: a + 1.0, [served.good(x, carrier)], tf.float32)
        return tf.ensure_shape(total, [None, 1])

    (default, raw) = reasons(by_python)

    assert default == (
        "serving_default: calling serving_default with one row fails where there is TensorFlow "
        "and none of our code: it calls Python code (tf.py_function or tf.numpy_function), and a "
        "server has none of ours. Write that part in TensorFlow's operations"
    )
    assert raw.startswith("serving_raw: calling serving_raw with one row fails")


def test_a_model_that_needs_an_operation_of_its_own_is_refused(reasons):
    def rename_an_operation(folder):
        file = folder / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        for function in model.meta_graphs[0].graph_def.library.function:
            for node in function.node_def:
                node.op = "OursAlone" if node.op == "Sigmoid" else node.op
        file.write_bytes(model.SerializeToString())

    (reason,) = reasons(edit=rename_an_operation)

    assert reason == (
        "model: loading the model fails where there is TensorFlow and none of our code: it needs "
        "the operation 'OursAlone', which TensorFlow alone does not have. Build the model from "
        "TensorFlow's own operations"
    )


def test_a_model_that_cannot_do_without_a_feature_is_refused(reasons):
    def insisting(x, carrier):
        told = tf.where(x < -1, "AA", carrier)  # the one row without it
        check = tf.debugging.assert_none_equal(told, "", message="no carrier")
        with tf.control_dependencies([check]):
            return served.good(x, told)

    (default, raw) = reasons(insisting)

    assert default.startswith(
        "serving_default: calling serving_default with features missing fails where there is "
        "TensorFlow and none of our code: InvalidArgumentError: "
    )
    assert raw.startswith("serving_raw: calling serving_raw with features missing fails")


def test_all_that_is_wrong_with_the_signatures_is_told_at_once(reasons):
    def flat(x, carrier):
        return tf.squeeze(served.good(x, carrier), 1)

    assert reasons(flat, without=["serving_raw"]) == [
        "serving_default: answers 'probability' as float32 (any), expected float32 (any, 1). Let "
        "the model's last layer give that",
        "serving_raw: the model has no such signature, got serving_default, transform_features, "
        "expected serving_default, serving_raw, transform_features. Export the model with "
        "modules/export.py, which writes all three",
    ]


def test_a_prediction_that_depends_on_the_neighbours_or_the_signature_is_refused(reasons):
    def less_the_mean(x, carrier):
        return tf.sigmoid(served.known(x) - tf.reduce_mean(served.known(x)))

    found = reasons(less_the_mean, served.good)

    assert [reason.partition(" differs")[0] for reason in found] == [
        "serving_default and serving_raw (all at once): 'probability'",
        "serving_default and serving_raw (features missing): 'probability'",
        "serving_default: rows asked one by one and all at once: 'probability'",
        "serving_default: 'probability'",
    ]
    assert (
        "from what the Trainer predicted for the same 4 rows, expected 0.0001 at most"
        in (found[-1])
    )


def test_a_model_that_takes_too_long_is_refused_and_its_process_ended(reasons):
    (reason,) = reasons(timeout_minutes=0.0001)

    assert re.fullmatch(
        r"model: the process that asks the model was not done within 0.0001 minutes and was ended "
        r"while [a-zA-Z ]+\. Make the model faster, or raise serving\.timeout_minutes",
        reason,
    )


def test_a_process_that_dies_of_the_model_is_a_reason_and_not_an_error(
    reasons, monkeypatch, tmp_path
):
    dying = tmp_path / "dying.py"
    dying.write_text(
        "import os, json, pathlib, sys\n"
        "folder = json.loads(pathlib.Path(sys.argv[1]).read_text())['folder']\n"
        "pathlib.Path(folder, 'step.txt').write_text('loading the model')\n"
        "print('out of memory', flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    monkeypatch.setattr(probe, "__file__", str(dying))

    assert reasons() == [
        "model: the process that asks the model was ended by SIGKILL (Killed) while loading the "
        "model; the last it said: out of memory. A server would die of it, too: if the memory did "
        "not suffice, make the model smaller"
    ]


def test_the_process_has_neither_our_code_nor_what_is_installed_beside_it():
    # In isolated mode, from a folder where Python would find our packages if it looked there.
    program = (
        "import importlib, runpy, sys\n"
        "probe = runpy.run_path(sys.argv[1])\n"
        "probe['hide']()\n"
        "for name in ('modules.export', *probe['MISSING']):\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ModuleNotFoundError:\n"
        "        continue\n"
        "    print(name, 'was imported')\n"
    )

    ended = subprocess.run(
        [sys.executable, "-I", "-c", program, probe.__file__],
        cwd=pathlib.Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)
