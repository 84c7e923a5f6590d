"""What is wrong with a request is said with its place, and what was expected."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.serving.kind import Kind
from pipeline.serving.refusal import Refused
from pipeline.serving.request import Asked, asked

NUMBER, TEXT = Kind("float32", (None, 1)), Kind("string", (None, 1))
RAW = {"distance": NUMBER, "air_time": NUMBER, "carrier": TEXT}
SIGNATURES = {
    "serving_default": {"examples": Kind("string", (None,))},
    "serving_raw": RAW,
    "any": {"x": Kind("float32", None)},
    "bytes": {"n": Kind("int8", (None,))},
}
ROW = {"distance": [1.0], "air_time": [2.0], "carrier": ["AA"]}


def raw(*rows, **changes):
    return {"signature_name": "serving_raw", "instances": list(rows), **changes}


def refusal(body):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Refused) as raised:
        asked(text, SIGNATURES)
    return str(raised.value)


def test_rows_become_columns_of_the_signature():
    body = json.dumps(raw(ROW, {"carrier": [""], "distance": [float("nan")], "air_time": [3]}))

    found = asked(body.encode(), SIGNATURES)

    assert (found.signature, found.by_row, found.rows) == ("serving_raw", True, 2)
    np.testing.assert_array_equal(found.inputs["distance"], np.float32([[1], [np.nan]]))
    assert found.inputs["air_time"].dtype == np.float32
    assert found.inputs["carrier"].tolist() == [[b"AA"], [b""]]


COLUMNS = {"distance": [[1.0], [2.0]], "air_time": [[1.0], [2.0]], "carrier": [["AA"], ["UA"]]}


def changed(**values):
    """A row with other values."""
    return {**ROW, **values}


def columns(**values):
    return {"signature_name": "serving_raw", "inputs": {**COLUMNS, **values}}


def of(signature, given):
    return f'{{"signature_name": "{signature}", "instances": {given}}}'.encode()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (raw(changed(distnce=[1.0])), "has no input 'distnce'; did you mean 'distance'?"),
        (raw(ROW, {"carrier": ["AA"]}), "instances[1] lacks 'air_time', 'distance': every input"),
        (raw(ROW, 1.0), "instances[1] is a value, expected an object, as the first is"),
        (raw([1.0]), "instances[0] is no object, but signature 'serving_raw' has 3 inputs"),
        (raw(), "instances: got an empty list, expected a list with a value or an object a row"),
        (columns(distnce=[1.0]), "inputs: signature 'serving_raw' has no input 'distnce'"),
        ({**raw(ROW), "inputs": {}}, "a request has either 'instances' (by row) or 'inputs'"),
        (
            {"signature": "serving_raw"},
            "no key 'signature' in a request; did you mean 'signature_n",
        ),
        (of("serving_row", "[1]"), "no signature 'serving_row'; did you mean 'serving_raw'?"),
    ],
)
def test_a_refusal_names_what_was_meant(body, sentence):
    assert sentence in refusal(body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            raw(changed(distance=["far"])),
            "instances[0]['distance'][0]: got 'far', expected a number",
        ),
        (
            raw(ROW, changed(distance=[None])),
            "instances[1]['distance'][0]: got null, expected a nu",
        ),
        (raw(changed(distance=[None])), "expected a number. What is missing is NaN for a number"),
        (raw(changed(distance=[True])), "got true, expected a number"),
        (raw(changed(carrier=[5])), "instances[0]['carrier'][0]: got 5, expected a text"),
        (columns(carrier=[["AA"], [5]]), "inputs['carrier'][1][0]: got 5, expected a text"),
        (
            of("bytes", "[1, 128]"),
            "instances[1]: got 128, expected a whole number from -128 to 127",
        ),
        (of("any", f"[{'9' * 100}]"), "instances[0]: got a whole number of many digits"),
        (of("any", "[1.0, 1e39]"), "instances[1]: got 1e+39, expected a number that float32 can"),
        (of("any", "[1e400]"), "the number 1e400 is too large"),
        (of("serving_default", '["\\ud800"]'), "instances[0]: got '\\ud800', expected a text"),
    ],
)
def test_a_refusal_says_where_a_value_of_the_wrong_type_is(body, sentence):
    assert sentence in refusal(body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            raw(changed(distance=1.0)),
            "instances[0]['distance']: got a single value, expected one s",
        ),
        (raw(changed(distance=1.0)), "such as [1.0]: the input is float32 (batch, 1)"),
        (
            raw(changed(distance=[1.0, 2.0])),
            "got a value of shape (2,), expected one such as [1.0]",
        ),
        (
            raw(ROW, changed(distance=[1, 2])),
            "instances[1]['distance']: got 2 values, expected a l",
        ),
        (
            raw(ROW, changed(distance=1.0)),
            "instances[1]['distance']: got 1.0, expected a list of 1",
        ),
        (columns(air_time=[[1.0]]), "inputs['air_time'] has 1 rows, but inputs['distance'] has 2"),
        (
            columns(distance=[1.0]),
            "inputs['distance']: got a tensor of shape (1,), expected float32",
        ),
        (of("any", "[" * 20 + "]" * 20), "lists are nested deeper than 16 levels"),
    ],
)
def test_a_refusal_says_what_shape_was_expected(body, sentence):
    assert sentence in refusal(body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the body is not JSON: Expecting value at line 1, column 1"),
        (b'{"instances": [1.0}', "the body is not JSON: Expecting ',' delimiter at line 1, colum"),
        (b'{"instances": ["\xff"]}', "the body is not UTF-8: byte 16 cannot be read"),
        (b'{"instances": [], "instances": []}', "has the key 'instances' more than once"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b"9" * 5000, "a number has too many digits"),
        (b"[1.0]", "the body is a list, expected an object with 'instances'"),
    ],
)
def test_a_body_that_is_no_request_is_refused(body, sentence):
    assert sentence in refusal(body)


def test_a_sentence_does_not_grow_with_the_request():
    many = {f"column {number}": [1.0] for number in range(1000)}

    assert len(refusal(raw(many))) < 400
    assert len(refusal(raw({**ROW, "distance": ["x" * 100_000]}))) < 400
    assert len(refusal({"signature_name": "x" * 100_000, "instances": [ROW]})) < 400


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just({"b64": "AA=="})
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*RAW, "x", "b64", "n"]) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "signature_name": st.sampled_from([*SIGNATURES]) | JSON,
        "instances": JSON,
        "inputs": JSON,
        "other": JSON,
    },
)


def cut(text, at, more):
    """A text with some bytes in place of one."""
    return text[:at] + more + text[at + 1 :]


BODIES = (
    st.binary()
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | JSON.map(lambda value: json.dumps(value).encode())
    | REQUESTS.map(lambda value: json.dumps(value).encode())
    | st.builds(
        cut, st.just(json.dumps(raw(ROW)).encode()), st.integers(0, 120), st.binary(max_size=3)
    )
)


def read(body):
    """What was read of a body, or why it was refused."""
    try:
        return asked(body, SIGNATURES)
    except Refused as refused:
        return refused


@given(BODIES)
@settings(max_examples=300)
def test_whatever_comes_is_read_or_refused(body):
    found = read(body)

    if isinstance(found, Refused):
        assert str(found)
        assert 400 <= found.status < 500
    else:
        assert isinstance(found, Asked)
        for name, kind in SIGNATURES[found.signature].items():
            assert kind.takes(found.inputs[name].shape)


@given(st.lists(st.floats(width=32), min_size=1, max_size=5))
def test_every_float_is_read_as_it_is(values):
    body = json.dumps({"signature_name": "any", "instances": values}).encode()

    found = asked(body, SIGNATURES).inputs["x"]

    np.testing.assert_array_equal(found, np.float32(values))
