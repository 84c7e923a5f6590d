import tomllib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.init import toml

# TOML knows all characters but surrogates
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_a_text_comes_back(given_text):
    assert tomllib.loads(f"x = {toml.text(given_text)}") == {"x": given_text}


@given(TEXTS)
def test_a_text_in_a_comment_stays_there(given_text):
    written = f"x = 1  # {toml.text(given_text)}"

    assert tomllib.loads(written) == {"x": 1}
    assert len(written.splitlines()) == 1  # not for Python, which knows more ends of line, either


@given(st.dictionaries(TEXTS, st.booleans() | st.integers(-9, 9) | TEXTS | st.lists(TEXTS)))
def test_a_table_comes_back(table):
    assert tomllib.loads(f"x = {toml.value(table)}") == {"x": table}


def test_numbers_are_as_short_as_they_can_be():
    assert toml.value([3990.0, 0.6, -1, True]) == "[3990, 0.6, -1, true]"


def test_a_long_comment_is_above_its_item():
    assert toml.array({'"a"': "short", '"b"': "first\nsecond", '"c"': ""}) == [
        "[",
        '  "a",  # short',
        "  # first",
        "  # second",
        '  "b",',
        '  "c",',
        "]",
    ]
