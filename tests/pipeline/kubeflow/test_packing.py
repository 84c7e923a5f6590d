"""Long texts on their way to a pod."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kubeflow.packing import packed, unpacked

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, st.sampled_from([1, 3, 9_000]), st.booleans())
def test_a_text_arrives_as_it_was(text, times, disguised):
    text = ("zlib+base64:" if disguised else "") + text * times

    assert unpacked(packed(text)) == text


@pytest.mark.parametrize("text", ["", '{"label": "late"}', "x" * 8191])
def test_a_short_text_stays_readable(text):
    assert packed(text) == text


def test_a_long_one_is_a_sixth_or_less():
    text = ", ".join(f'"column_{number}": {{"kind": "numeric"}}' for number in range(500))

    assert len(packed(text)) < len(text) / 6
