"""What a report tells of the rows that the model is most wrong about."""

import json

import pytest

from tests.pipeline.report.outputs import metrics, write_evaluation
from tests.pipeline.report.test_report import HOSTILE, shown

WORST = {"loss": 2.5, "label": "1", "prediction": [0.08], "row": {"carrier": HOSTILE, "gust": None}}
OTHER = {"loss": 0.5, "label": None, "prediction": [0.6], "row": {"carrier": "AA", "gust": 21.86}}


@pytest.fixture
def page(story, report_of):
    """The text of a report of a run whose evaluation has a file of such text."""

    def page(text):
        run = story.run()
        folder = story.output(run, "evaluation")
        write_evaluation(folder, [metrics({}, {"auc": 0.7})], [])
        if text is not None:
            (folder / "wrong.jsonl").write_text(text)
        return shown(report_of(run))

    return page


def test_the_most_wrong_rows_are_told_with_label_prediction_and_columns_as_text(page):
    text = page("".join(f"{json.dumps(row)}\n" for row in (WORST, OTHER)))

    assert "Loss Label Prediction carrier gust" in text
    assert "2.5 1 0.08 <script>" in text  # as text
    assert "0.5 0.6 AA 21.86" in text


def test_a_passage_is_told_whole_behind_its_beginning(page):
    passage = f"{HOSTILE} " + "and so on " * 20

    text = page(json.dumps(WORST | {"row": {"note": passage}}))

    assert f"{passage[:59]}… {passage}" in text


def test_of_rows_of_many_long_texts_those_are_told_that_fit_a_page(page):
    row = WORST | {"row": {f"note {at}": "so " * 600 for at in range(20)}}  # 36,000 characters

    text = page(f"{json.dumps(row)}\n" * 50)

    assert 25 <= text.count("2.5 1 0.08") < 50  # of 2 ** 20


@pytest.mark.parametrize("text", ["{", '{"loss": 1}\n', "[" * 100_000])
def test_a_file_that_cannot_be_read_is_said_to_be_so(page, text):
    assert "Most wrong Not here: wrong.jsonl cannot be read" in page(text)


def test_an_evaluation_without_such_rows_says_why(page):
    assert "Not here: TFX's own Evaluator does not keep them." in page(None)
    assert "No row of the eval split has a label to be wrong about." in page("")
