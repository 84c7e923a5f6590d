"""The script that shows how to query a model."""

import ast
import math
import pathlib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.query import first_row, query_script
from pipeline.spec import Spec


@given(
    rows=st.dictionaries(st.text(min_size=1), st.text() | st.floats(allow_nan=False), max_size=5),
    model=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_values_of_the_data_cannot_break_out_of_the_script(rows, model):
    text = query_script(pathlib.Path(model), "run", rows)

    tree = ast.parse(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    assigned = {
        node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)
    }
    assert len(assigned["ROWS"].keys) == len(rows)
    assert ast.literal_eval(assigned["MODEL"]) == str(pathlib.Path(model))


def test_the_first_row_of_the_data_is_offered_with_missing_values_as_a_request_has_them(tmp_path):
    (tmp_path / "trips.csv").write_text("miles,to town,when,late\n,,2013-01-01,1\n2,x,,0\n")
    spec = Spec.model_validate(
        {
            "name": "trips",
            "data": {"source": "trips.csv"},
            "label": {"column": "late", "task": "binary"},
            "features": {
                "miles": {"kind": "numeric"},
                "to town": {"kind": "categorical"},
                "when": {"kind": "timestamp"},
            },
        }
    )

    row = first_row(spec, tmp_path)

    assert math.isnan(row.pop("miles"))
    assert row == {"to_town": "", "when": "2013-01-01T00:00:00"}
