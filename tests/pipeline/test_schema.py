"""The curated schema, held against the spec."""

import pytest

from pipeline.schema import check_schema

GOOD = """
feature { name: "distance" type: FLOAT }
feature { name: "carrier" type: BYTES }
feature { name: "sched_dep" type: BYTES }
feature { name: "late" type: BYTES }
feature { name: "seats" type: INT }  # more than the spec reads
"""


@pytest.fixture
def said(tmp_path, read):
    """What is said of a schema, without its path."""

    def said(text):
        path = tmp_path / "curated.pbtxt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [problem.replace(f"{path}: ", "") for problem in check_schema(path, read())]

    return said


def test_a_schema_may_know_more_than_the_spec_reads(said):
    assert said(GOOD) == []


@pytest.mark.parametrize("text", ["feature { nme: 3 }", "\x00", b"\xff", "{"])
def test_a_file_that_is_no_schema_is_told(said, text):
    (problem,) = said(text)

    assert problem.startswith("is not a TFDV schema: ")


def test_all_that_does_not_fit_is_told_at_once(said):
    text = GOOD.replace("carrier", "carier").replace("FLOAT", "INT")
    text = text.replace('"late" type: BYTES', '"late" type: BYTES shape { dim { size: 1 } }')

    assert said(text) == [
        "feature 'distance' is INT, and the spec reads it as FLOAT",
        "no feature 'carrier', which the spec uses. Add one of type BYTES; did you mean 'carier'?",
        "feature 'late' has a shape. Remove it: any value may be missing",
    ]
