"""A model as boxes and arrows."""

import pytest

from pipeline.report.charts.network import drawn
from pipeline.report.facts.sources import Absent
from pipeline.report.facts.training import Layer


def layer(name, kind, *inputs, output="(None, 1)", parameters=0):
    return Layer(name, kind, output, parameters, inputs)


def title(placed):
    return placed.box.title.replace("\N{MULTIPLICATION SIGN}", "x")


def told(layers):
    """Each box: its title with what is beside it, the line below, and what it takes from."""
    made = drawn(layers)
    titles = {each.box.name: title(each) for each in made.boxes}
    return [
        (
            f"{title(each)} {each.box.beside}".strip(),
            each.box.below,
            [titles[source] for source in each.box.sources],
        )
        for each in made.boxes
    ]


def test_a_box_tells_kind_name_shape_and_parameters():
    layers = [layer("x", "InputLayer"), layer("h", "Dense", "x", output="(None, 64)", parameters=1)]

    assert told(layers) == [
        ("InputLayer x", "(None, 1)", []),
        ("Dense h", "(None, 64) · 1 parameter", ["InputLayer"]),
    ]


def test_layers_that_are_alike_are_one_box():
    layers = [
        *(layer(f"number {at}", "InputLayer", output="(None, 2)") for at in range(3)),
        *(layer(f"id {at}", "InputLayer") for at in range(2)),
        layer("embed 0", "Embedding", "id 0", output="(None, 4)", parameters=40),
        layer("embed 1", "Embedding", "id 1", output="(None, 8)", parameters=1000),
        layer("join", "Concatenate", *(f"number {at}" for at in range(3)), "embed 0", "embed 1"),
    ]

    # The inputs go to different kinds of layers, and so are two boxes.
    assert sorted(told(layers)) == [
        ("2 x Embedding", "2 shapes · 1,040 parameters", ["2 x InputLayer"]),
        ("2 x InputLayer", "(None, 1)", []),
        ("3 x InputLayer", "(None, 2)", []),
        ("Concatenate join", "(None, 1)", ["3 x InputLayer", "2 x Embedding"]),
    ]


def test_layers_that_lead_elsewhere_are_boxes_of_their_own():
    layers = [
        layer("a", "InputLayer"),
        layer("b", "InputLayer"),
        layer("both", "Concatenate", "a", "b"),
        layer("one", "Cross", "b"),
        layer("end", "Add", "both", "one"),
    ]

    boxes = [box for box, *_ in told(layers)]

    assert sorted(boxes)[2:] == ["Cross one", "InputLayer a", "InputLayer b"]


def test_like_layers_one_after_the_other_stay_apart():
    chain = [layer("x", "InputLayer")]
    for at in range(3):
        chain.append(layer(f"h{at}", "Dense", chain[-1].name))

    assert [box for box, *_ in told(chain)] == [
        "InputLayer x",
        "Dense h0",
        "Dense h1",
        "Dense h2",
    ]


def test_a_group_is_behind_what_it_takes_from_however_its_layers_are_ordered():
    layers = [
        layer("a", "InputLayer"),
        layer("of a", "Embedding", "a"),
        layer("b", "InputLayer"),
        layer("aside", "Cross", "b"),
        layer("of b", "Embedding", "b"),
        layer("end", "Concatenate", "of a", "of b", "aside"),
    ]

    places = {title(each): each.y for each in drawn(layers).boxes}

    assert places["InputLayer"] < places["2 x Embedding"] < places["Concatenate"]


def test_a_layer_that_takes_from_itself_is_drawn_once():
    layers = [layer("x", "InputLayer"), layer("again", "Dense", "x", "again")]

    assert len(drawn(layers).boxes) == 2
    assert len(drawn(layers).arrows) == 1


def test_five_hundred_inputs_are_a_handful_of_boxes():
    inputs = [layer(f"x{at}", "InputLayer") for at in range(500)]
    embedded = [layer(f"e{at}", "Embedding", f"x{at}", output=f"(None, {at})") for at in range(250)]
    taken = [*(each.name for each in inputs[250:]), *(each.name for each in embedded)]

    found = told([*inputs, *embedded, layer("join", "Concatenate", *taken)])

    assert [box for box, *_ in found] == [
        "250 x InputLayer",
        "250 x InputLayer",
        "250 x Embedding",
        "Concatenate join",
    ]
    assert found[2] == ("250 x Embedding", "250 shapes", ["250 x InputLayer"])


def test_a_model_of_too_many_boxes_is_not_drawn():
    chain = [layer("x0", "Dense")]
    for at in range(1, 121):
        chain.append(layer(f"x{at}", "Dense", chain[-1].name))

    assert len(drawn(chain[:120]).boxes) == 120
    assert drawn(chain) == Absent("a drawing would have 121 boxes, of 120 at most")


@pytest.mark.parametrize(
    "told",
    [
        {"name": "x", "kind": "Dense", "inputs": None},
        {"name": "x", "kind": "Dense", "output": "(None, 1)", "parameters": 2},
    ],
    ids=["of a model that is no graph", "of an older version"],
)
def test_layers_of_which_nothing_leads_to_another_are_not_drawn(told):
    found = drawn([Layer.of(told)])

    assert isinstance(found, Absent)
    assert found.why.startswith("how the layers hang together is known of functional models alone")
