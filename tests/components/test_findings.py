"""What reading brought to light, put together from parts that were read apart."""

import itertools

from components.example_gen.findings import Findings


def part(**values):
    return Findings.model_validate(values)


def test_a_problem_is_said_once_with_its_count_and_its_first_row():
    findings = Findings()

    findings.add("no numbers", "Correct them", [(7, "x"), (3, "y")])
    findings.add("no numbers", "Correct them", [(12, "z")])

    assert list(findings.sentences()) == ["no numbers: 3 times, first in row 3: 'y'. Correct them"]


def test_a_problem_with_no_rows_is_none():
    findings = Findings()

    findings.add("no numbers", "Correct them", [])

    assert list(findings.sentences()) == []


def test_a_long_value_is_cut():
    findings = Findings()

    findings.add("no numbers", "Correct them", [(1234, "x" * 61)])

    assert list(findings.sentences()) == [
        f"no numbers: once, first in row 1,234: '{'x' * 57}...'. Correct them"
    ]


def test_the_order_in_which_parts_are_merged_does_not_matter():
    parts = [
        part(rows={"train": 2, "without label": 1}, first="2013-02-01", last="2013-03-01"),
        part(rows={"train": 3, "eval": 1}, first="2013-01-01", last="2013-02-01"),
        part(problems={"b": {"count": 2, "row": 5, "value": "x", "mend": "Mend"}}),
        part(problems={"b": {"count": 3, "row": 9, "value": "y", "mend": "Mend"}}),
    ]

    for order in itertools.permutations(parts):
        whole = Findings()
        for each in order:
            whole.merge(each)

        # train 2 + 3
        assert whole.rows == {"train": 5, "eval": 1, "without label": 1}
        assert (whole.first, whole.last) == ("2013-01-01", "2013-03-01")
        assert list(whole.sentences()) == ["b: 5 times, first in row 5: 'x'. Mend"]


def test_merging_leaves_the_part_as_it_was():
    one, other = part(fatal=["a"]), part(fatal=["b"])

    one.merge(other)
    one.merge(part(fatal=["c"]))

    assert one.fatal == ["a", "b", "c"]
    assert other.fatal == ["b"]


def test_nothing_is_counted_as_nothing():
    findings = Findings()

    findings.count("train", 0)

    assert findings.rows == {}


def test_findings_are_the_same_after_json():
    findings = part(rows={"train": 1}, fatal=["a"], first="2013-01-01", last="2013-01-02")
    findings.add("é", "Mend", [(1, "ü")])

    assert Findings.model_validate_json(findings.model_dump_json()) == findings


def test_a_full_stop_in_the_name_of_a_column_does_not_part_the_sentence():
    findings = Findings()

    findings.add("x. y.csv: column 'St. Name': no numbers", "Correct them", [(2, "x")])

    assert list(findings.sentences()) == [
        "x. y.csv: column 'St. Name': no numbers: once, first in row 2: 'x'. Correct them"
    ]
