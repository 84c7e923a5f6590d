"""What a Trainer leaves is validated, from its own predictions to raw rows."""

import dataclasses

import numpy as np
import pytest

from components.serving_validator.config import Serving, ServingSettings
from components.serving_validator.rows import read
from components.serving_validator.validating import Subject, validate
from modules.training import kept
from modules.training.run import run_fn
from tests.components.served import write_examples
from tests.modules.training.jobs import FEATURES, fn_args, rows


@pytest.fixture(scope="module")
def trained(transform, serialized, tmp_path_factory):
    """A training, raw rows in another order than the transformed ones, and the settings."""
    folder = tmp_path_factory.mktemp("trained")
    data = transform(FEATURES, rows())
    run_fn(fn_args(data, folder, steps=30))
    file = write_examples(folder / "rows.gz", [serialized(row) for row in reversed(rows())])
    subject = Subject(str(folder / "model"), folder / "run", [file], [file])
    told = ServingSettings(serving=Serving(), interface=data.spec.interface(), watched="eval")
    return subject, told


def test_a_trained_model_is_blessed_and_agrees_with_the_trainer_row_by_row(trained):
    subject, told = trained

    found = validate(subject, told)

    assert found.reasons == []
    assert (found.rows, found.trainer.rows, found.trainer.precision) == (200, 200, "float32")
    assert found.trainer.largest <= 1e-6


def test_another_model_than_the_one_that_was_trained_is_refused(trained, tmp_path):
    subject, told = trained
    found = kept.read(subject.model_run)
    kept.write(dataclasses.replace(found, predictions=1 - found.predictions), tmp_path)

    refused = validate(dataclasses.replace(subject, model_run=tmp_path), told)

    (reason,) = refused.reasons
    assert reason.startswith("serving_default: 'probability' differs by 0.")
    assert "from what the Trainer predicted for the same 200 rows" in reason


def test_rows_are_read_as_clients_send_them(trained):
    subject, told = trained

    found = read(subject.eval, told.interface.columns, 3)

    # the last three of 200 rows: the category is that of the place in 8, no x is missing
    assert [row["c"] for row in found.rows] == [b"d", b"c", b"c"]
    assert found.tensors["x"].dtype == np.float32
    assert found.tensors["x"].ravel() == pytest.approx(np.linspace(-1, 1, 200)[[199, 198, 197]])
    assert all("label" not in row for row in found.rows)


def test_each_feature_is_missing_once_and_all_of_them_at_last(trained):
    subject, told = trained

    lacking = read(subject.eval, told.interface.columns, 3).lacking()

    assert [set(row) for row in lacking.rows] == [{"c"}, {"x"}, set()]
    assert np.isnan(lacking.tensors["x"]).ravel().tolist() == [True, False, True]
    assert lacking.tensors["c"].ravel().tolist() == [b"d", b"", b""]
