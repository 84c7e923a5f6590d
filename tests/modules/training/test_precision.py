"""Which precision a machine trains in, and that it is not left behind."""

import keras
import pytest
import tensorflow as tf

from modules.training.precision import computing_in, resolve


@pytest.fixture
def machine(monkeypatch):
    """A machine with GPUs of some compute capabilities, as TensorFlow would tell of it."""

    def machine(*capabilities, tpus=0):
        gpus = [tf.config.PhysicalDevice(f"GPU:{i}", "GPU") for i in range(len(capabilities))]
        details = dict(zip([gpu.name for gpu in gpus], capabilities, strict=True))

        def physical(kind=None):
            return gpus if kind == "GPU" else []

        def logical(kind=None):
            return ["a TPU"] * tpus if kind == "TPU" else []

        def of(gpu):
            known = details[gpu.name]
            return {"device_name": "a GPU"} | ({"compute_capability": known} if known else {})

        monkeypatch.setattr(tf.config, "list_physical_devices", physical)
        monkeypatch.setattr(tf.config, "list_logical_devices", logical)
        monkeypatch.setattr(tf.config.experimental, "get_device_details", of)

    return machine


def test_a_machine_without_accelerator_trains_in_float32():
    assert resolve("auto") == "float32"


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ([(7, 5)], "float32"),  # Turing has no bfloat16 units
        ([(8, 0)], "bfloat16"),  # Ampere has
        ([(9, 0), (8, 6)], "bfloat16"),
        ([(8, 0), (7, 5)], "float32"),  # every replica computes in the same
        ([None], "float32"),  # another maker's: TensorFlow tells no capability
    ],
)
def test_gpus_train_in_bfloat16_if_all_of_them_have_it(machine, capabilities, expected):
    machine(*capabilities)

    assert resolve("auto") == expected


def test_a_tpu_trains_in_bfloat16(machine):
    machine(tpus=8)

    assert resolve("auto") == "bfloat16"


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_precision_that_is_asked_for_is_taken_whatever_the_machine(machine, precision):
    machine((7, 5))

    assert resolve(precision) == precision


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_layers_compute_in_the_precision_and_keep_their_weights_in_float32(precision):
    with computing_in(precision):
        layer = keras.layers.Dense(1)
    layer.build((None, 1))

    assert layer.compute_dtype == precision
    assert layer.kernel.dtype == "float32"


def test_the_policy_from_before_is_put_back():
    before = keras.config.dtype_policy()

    with computing_in("bfloat16"):
        within = keras.config.dtype_policy().name

    assert within == "mixed_bfloat16"
    assert keras.config.dtype_policy() == before


def test_the_policy_from_before_is_put_back_after_an_error():
    before = keras.config.dtype_policy()

    with pytest.raises(RuntimeError, match="no luck"), computing_in("float16"):
        raise RuntimeError("no luck")

    assert keras.config.dtype_policy() == before
