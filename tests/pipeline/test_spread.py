"""What the spec says of workers and precision, and what of it is refused."""

import pytest

WORKERS = "training.strategy=multi_worker"
SERVER = "training.strategy=parameter_server"
TPU = "none, mirrored, multi_worker, tpu, parameter_server"


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            ["training.strategy=multiworker"],
            f"training.strategy: got 'multiworker', expected one of {TPU}; did you mean "
            f"'multi_worker'?",
        ),
        (["training.workers=0"], "training.workers: got 0, expected greater than or equal to 1"),
        (
            [WORKERS, "training.batch_size=1"],
            "training: batch_size 1 leaves workers without an example: it is shared by 2 workers. "
            "Raise batch_size or lower workers",
        ),
        (
            [WORKERS, "training.workers=3", "training.batch_size=100"],
            "training: batch_size 100 does not divide among 3 workers: shares must be equal, so "
            "that every example counts alike. Take 99 or 102",
        ),
        (
            [SERVER, "training.jit_compile=true"],
            "training: the strategy 'parameter_server' excludes jit_compile (XLA cannot reach "
            "weights of another process). Leave it out, or take 'multi_worker', whose workers "
            "agree on every step",
        ),
        (
            [SERVER, "training.deterministic=true", "training.precision=float16"],
            "training: the strategy 'parameter_server' excludes deterministic (the weights depend "
            "on which worker is ready first), precision 'float16' (one worker changes the loss "
            "scale while another's gradient still has the old one; 'bfloat16' has none). Leave it "
            "out, or take 'multi_worker', whose workers agree on every step",
        ),
        (
            [WORKERS, "training.jit_compile=true", "training.steps_per_execution=4"],
            "training: jit_compile and steps_per_execution 4 exclude each other with the strategy "
            "'multi_worker'. Give up one of them",
        ),
        (
            ["training.precision=float8"],
            "training.precision: got 'float8', expected one of float32, bfloat16, float16, auto; "
            "did you mean 'float32'?",
        ),
        (["training.clip_norm=0"], "training.clip_norm: got 0, expected greater than 0"),
        (
            ["training.class_weights={'2'=3}"],
            "training.class_weights: '2' is no class of the label, expected one of 0, 1",
        ),
    ],
)
def test_what_cannot_be_is_told_with_what_can(problems, overrides, problem):
    assert problems(*overrides) == [problem]


def test_a_regression_has_no_class_weights(problems):
    said = problems("label={column='late', task='regression'}", "training.class_weights=balanced")

    assert "training.class_weights: the label's task, 'regression', has no classes" in said


def test_a_batch_of_several_workers_is_theirs_together(read):
    training = read(WORKERS, "training.workers=4", "training.batch_size=512").training

    assert (training.workers, training.batch_size) == (4, 512)


def test_a_worker_beside_a_parameter_server_takes_a_batch_of_its_own(read):
    training = read(SERVER, "training.workers=3", "training.batch_size=2").training

    assert (training.workers, training.batch_size) == (3, 2)
