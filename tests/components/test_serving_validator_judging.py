"""What is said of answers that are there already."""

import dataclasses
import math

import numpy as np
import pytest

from components.serving_validator import declared, judging
from components.serving_validator.answers import Answers, Calls, Search, Signature, Tensor, Told
from components.serving_validator.judging import Case
from modules.columns import Head
from modules.spec.label import Label
from modules.training.kept import Kept
from tests.components.served import INTERFACE, settings

PROBABILITY = Tensor(dtype="float32", shape=(None, 1))
ANSWERED = np.array([[0.25], [0.5]], np.float32)


def case(trained=ANSWERED, answered=ANSWERED, search=None, told=None, **serving):
    """A model of two rows, that answers the same by both signatures."""
    calls = Calls(first_seconds=0.5, single_ms=(1.0, 2.0, 3.0), rows=2)
    found = Told(
        tensorflow="2.21.0",
        load_seconds=1.5,
        signatures=declared.expected(INTERFACE),
        calls={"serving_default": calls},
        peak_memory_mb=400.0,
        search=search or Search(kept=2, found=(0, 1), searched=2, exhausted=True),
    ).model_copy(update=told or {})
    tensors = {
        (signature, how): {"probability": answered}
        for signature in ("serving_default", "serving_raw", "trainer")
        for how in ("batch", "single")
    }
    kept = Kept({}, trained, Head("binary", 2), "bfloat16", 2**-5)
    return Case(Answers(found, tensors), settings(**serving), kept)


def test_nothing_is_said_of_a_model_within_its_budgets():
    # 1.5 s to load and 0.5 s for the first answer; half of the calls within 2 ms, 95 % within 2.9
    within = {"max_startup_seconds": 2, "max_p50_ms": 2, "max_p95_ms": 2.9, "max_memory_mb": 400}

    assert judging.refusals(case(**within)) == []


def test_each_budget_that_is_exceeded_is_told_with_what_was_measured():
    tight = {"max_startup_seconds": 1, "max_p50_ms": 1.5, "max_p95_ms": 2, "max_memory_mb": 300}

    assert judging.refusals(case(**tight)) == [
        "model: took 2.00 s to load and answer once, expected 1 s at most. Make the model smaller, "
        "or raise serving.max_startup_seconds",
        "serving_default: 50 % of 3 calls with one row took up to 2.00 ms, expected 1.5 ms at "
        "most. Make the model faster, or raise serving.max_p50_ms",
        "serving_default: 95 % of 3 calls with one row took up to 2.90 ms, expected 2 ms at most. "
        "Make the model faster, or raise serving.max_p95_ms",
        "model: its process took up to 400 MB, TensorFlow included, expected 300 MB at most. Make "
        "the model smaller, or raise serving.max_memory_mb",
    ]


@pytest.mark.parametrize("off", [0.03, -0.03])
def test_the_trained_model_may_be_off_by_as_much_as_its_precision_explains(off):
    assert judging.refusals(case(trained=ANSWERED + off)) == []  # 2^-5 is 0.03125


def test_a_model_that_the_trainer_did_not_train_is_refused():
    found = case(trained=ANSWERED + np.array([[0], [0.25]], np.float32))

    assert judging.refusals(found) == [
        "serving_default: 'probability' differs by 0.25 from what the Trainer predicted for the "
        "same 2 rows, expected 0.03125 at most after training in bfloat16. What is served is not "
        "what was trained: look for state that the export does not hold"
    ]
    assert judging.of_trainer(found) == (2, 0.25)


def test_predictions_are_compared_row_by_row_whatever_order_the_rows_were_found_in():
    turned = Search(kept=3, found=(2, 0), searched=9, exhausted=False)
    trained = np.array([[0.5], [9.0], [0.25]], np.float32)

    assert judging.of_trainer(case(trained=trained, search=turned)) == (2, 0.0)


def test_rows_that_the_served_graph_does_not_make_again_are_a_reason_if_all_were_looked_at():
    some = Search(kept=3, found=(0, 1), searched=50_000, exhausted=False)
    every = some.model_copy(update={"exhausted": True})

    assert judging.refusals(case(search=some)) == []
    (reason,) = judging.refusals(case(search=every))
    assert reason.startswith(
        "transform_features: of 3 rows that the Trainer saw, 1 come out of none of 50,000 raw rows"
    )


def test_a_type_or_shape_that_is_not_the_declared_one_is_told():
    doubles = case(answered=ANSWERED.astype(np.float64))

    assert judging.refusals(doubles)[0] == (
        "serving_default: 'probability' came as float64 (2, 1) (all at once), expected float32 "
        "(any, 1). Let the model's last layer give that"
    )


def test_a_transformed_column_has_to_be_a_number_but_for_the_label_that_no_client_sends():
    found = case()
    nan = np.array([[math.nan], [math.nan]], np.float32)
    found.answers.tensors["transform_features", "batch"] = {"late_xf": nan, "x_xf": ANSWERED}

    assert judging.refusals(found) == []

    found.answers.tensors["transform_features", "batch"]["x_xf"] = nan
    (reason,) = judging.refusals(found)
    assert reason.startswith("transform_features: 'x_xf' is nan for 2 of 2 rows (all at once)")


def test_a_server_that_answers_otherwise_or_without_the_prediction_is_told():
    def told(**outputs):
        return list(judging.of_server(case(), "serving_default", "REST", outputs))

    assert told(probability=ANSWERED.astype(np.float64)) == []
    assert told(**{"": ANSWERED}) == []  # REST does not name a single output
    assert told(score=ANSWERED) == [
        "tensorflow_model_server: serving_default over REST: answered score, expected "
        "'probability' among these"
    ]
    (off,) = told(probability=ANSWERED + 0.25)
    assert off.startswith(
        "tensorflow_model_server: serving_default over REST and without a server: 'probability' "
        "differs by 0.25 in 2 rows, expected 0.0001 at most"
    )


def test_a_signature_that_takes_other_inputs_than_clients_send_is_told():
    found = declared.expected(INTERFACE)
    found["serving_raw"] = Signature(
        inputs={
            "x": Tensor(dtype="float64", shape=(None, 1)),
            "carier": Tensor(dtype="string", shape=(None, 1)),
        },
        outputs={"probability": PROBABILITY},
    )

    wrong = declared.problems(found, INTERFACE)

    export = "Export the model with modules/export.py, which writes all three"
    assert wrong == {
        "serving_raw": [
            "serving_raw: takes 'x' as float64 (any, 1), expected float32 (any, 1), which is what "
            f"clients send. {export}",
            "serving_raw: takes no input 'carrier', got x, carier, expected string (any, 1). "
            f"{export}",
            "serving_raw: asks for an input 'carier' that is no feature of the spec, so no client "
            f"sends it. {export}",
        ]
    }


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (Label(column="y", task="binary"), {"probability": "float32 (any, 1)"}),
        (
            Label(column="y", task="multiclass", classes=("a", "b", "c")),
            {"probabilities": "float32 (any, 3)", "class": "string (any, 1)"},
        ),
        (Label(column="y", task="regression"), {"prediction": "float32 (any, 1)"}),
    ],
)
def test_what_is_expected_of_a_prediction_follows_from_the_label(label, expected):
    found = {name: str(tensor) for name, tensor in declared.predictions(label).items()}

    assert found == expected


def test_what_a_model_does_for_no_reason_known_is_told_in_its_own_words():
    failure = {
        "where": "serving_raw",
        "step": "calling serving_raw with features missing",
        "message": "InvalidArgumentError: shapes differ\nat node 3",
    }
    told = Told.model_validate({"tensorflow": "2.21.0", "failures": [failure]})
    found = dataclasses.replace(case(), answers=Answers(told, {}))
    known = Told.model_validate({**told.model_dump(), "signatures": declared.expected(INTERFACE)})

    (reason,) = judging.refusals(dataclasses.replace(found, answers=Answers(known, {})))

    assert reason == (
        "serving_raw: calling serving_raw with features missing fails where there is TensorFlow "
        "and none of our code: InvalidArgumentError: shapes differ. Load the model in a fresh "
        "Python, and mend that"
    )


def test_a_prediction_that_is_no_number_never_agrees():
    found = case(answered=np.array([[math.nan], [0.5]], np.float32))

    reasons = judging.refusals(found)

    assert any("'probability' is nan for 1 of 2 rows" in reason for reason in reasons)
    assert any("from what the Trainer predicted" in reason for reason in reasons)
