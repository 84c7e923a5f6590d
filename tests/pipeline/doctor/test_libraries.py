"""The large libraries, as they are and as they break."""

import ctypes.util

from pipeline.doctor import libraries


def test_a_library_that_cannot_be_imported_is_a_problem_and_others_are_tried(broken, monkeypatch):
    text = "libcudart.so.12: cannot open shared object file: No such file or directory"
    broken(f"raise ImportError({text!r})", "tensorflow")
    monkeypatch.setenv("PYTHONPATH", broken("__version__ = '7'", "kfp"))

    found = {finding.check: finding for finding in libraries.work()}

    assert found["TensorFlow"].text == f"ImportError: {text}"
    assert found["TFX"].state == "problem"
    assert found["Beam"].state == "ok"
    assert found["Kubeflow Pipelines"].text == "client 7"


def test_a_library_that_crashes_is_named_with_its_signal(broken, monkeypatch):
    crash = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setenv("PYTHONPATH", broken(crash, "tensorflow"))

    (finding,) = libraries.work()

    assert (finding.check, finding.state) == ("TensorFlow", "problem")
    assert finding.text.startswith("ended by SIGSEGV. Not tried after that: Keras, TFX, ")


def test_another_backend_of_keras_is_a_problem(broken, monkeypatch):
    fake = "__version__ = '3'\nclass backend:\n    backend = staticmethod(lambda: 'jax')"
    broken(fake, "keras")
    monkeypatch.setenv("PYTHONPATH", broken("raise ImportError", "tensorflow", "tfx", "kfp"))

    found = {finding.check: finding for finding in libraries.work()}

    assert found["Keras"].text == "got the backend 'jax', expected 'tensorflow'"
    assert "KERAS_BACKEND" in found["Keras"].mend


def test_the_libraries_that_a_gpu_needs_are_named_by_their_major_versions():
    build = {"cuda_version": "12.5.1", "cudnn_version": "9", "is_cuda_build": True}

    assert libraries.cuda_libraries(build) == [
        "libcuda.so.1", "libcudart.so.12", "libcublas.so.12", "libcudnn.so.9",
    ]  # fmt: skip
    assert libraries.cuda_libraries({}) == ["libcuda.so.1"]


def test_a_library_that_cannot_be_loaded_is_missing():
    there = ctypes.util.find_library("c")

    assert libraries.not_loaded([there, "libno.so.1"]) == ["libno.so.1"]
