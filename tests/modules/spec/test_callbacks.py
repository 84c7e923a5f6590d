"""Which callbacks are active."""

from modules.spec.callbacks import CsvLogger, EarlyStopping, active


def test_three_callbacks_are_always_there():
    assert [callback.name for callback in active([])] == [
        "early_stopping",
        "model_checkpoint",
        "tensorboard",
    ]


def test_a_given_callback_takes_the_place_of_that_of_its_name():
    patient = EarlyStopping(patience=9)

    found = active([CsvLogger(), patient])

    assert [callback.name for callback in found] == [
        "early_stopping",
        "model_checkpoint",
        "tensorboard",
        "csv_logger",
    ]
    assert found[0] is patient
