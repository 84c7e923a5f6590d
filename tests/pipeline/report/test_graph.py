"""Where boxes and arrows lie."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.charts.graph import Box, Size, drawing

SIZE = Size(wide=100, high=40)


def box(name, *sources, **more):
    return Box(name, name, "", sources, **more)


def corners(made):
    return {each.box.name: (each.x, each.y) for each in made.boxes}


def numbers(path):
    """The points of a path, in order."""
    found = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    return list(zip(found[::2], found[1::2], strict=True))


def test_each_box_is_behind_all_that_it_takes_from():
    made = drawing([box("a"), box("b", "a"), box("c", "a", "b")], SIZE, down=False)

    # 100 pixels a box, 30 between two; beside b, the arrow from a to c
    assert corners(made) == {"a": (1, 1), "b": (131, 1), "c": (261, 1)}
    assert made.ground == Size(362, 58)


def test_a_drawing_may_go_down():
    made = drawing([box("a"), box("b", "a"), box("c", "a")], SIZE, down=True)

    # 40 pixels a box, 30 between two; b and c side by side, 16 apart
    assert corners(made) == {"a": (1, 1), "b": (1, 71), "c": (117, 71)}
    assert made.ground == Size(218, 112)


def test_an_arrow_runs_beside_the_boxes_that_it_passes():
    made = drawing([box("a"), box("b", "a"), box("c", "a", "b")], SIZE, down=False)

    # b reaches from 1 to 41: 16 below it, at 57, the arrow passes from 131 to 231
    (passing,) = (path for path in made.arrows if " L231 57" in path and " M" not in path)
    assert numbers(passing) == [(101, 21), (116, 21), (116, 57), (131, 57), (231, 57)]


def test_what_two_arrows_share_is_drawn_once():
    boxes = [box("a"), box("b", "a"), box("c", "a", "b"), box("d", "a", "c")]

    made = drawing(boxes, SIZE, down=True)

    # a to b, past b, from there to c and past c, from there to d; b to c; c to d
    assert len(made.arrows) == len(set(made.arrows)) == 7


def test_boxes_lie_near_what_leads_to_them():
    made = drawing([box("a"), box("b"), box("of b", "b"), box("of a", "a")], SIZE, down=True)

    assert corners(made)["of a"][0] < corners(made)["of b"][0]


def test_a_box_whose_place_is_not_known_is_drawn_last():
    made = drawing([box("lost", last=True), box("a"), box("b", "a")], SIZE, down=False)

    assert corners(made)["lost"] == (261, 1)


def test_a_source_that_is_not_there_or_comes_later_is_left_out():
    made = drawing([box("a", "b", "a", "nowhere"), box("b", "a")], SIZE, down=True)

    assert corners(made) == {"a": (1, 1), "b": (1, 71)}
    assert len(made.arrows) == 1


def test_no_box_is_no_drawing():
    assert drawing([], SIZE, down=True).boxes == []


def test_a_line_is_as_long_as_there_is_room():
    # 100 pixels, 24 of which hold no text: 12 characters of 6.2
    assert SIZE.fitted("twelve chars") == "twelve chars"
    assert SIZE.fitted("thirteen char") == "thirteen ch…"


graphs = st.lists(st.sets(st.integers(0, 19), max_size=4), max_size=20)


@given(graphs, st.booleans())
def test_every_arrow_goes_forward_and_no_two_boxes_overlap(takes, down):
    boxes = [box(str(at), *map(str, sorted(of))) for at, of in enumerate(takes)]

    made = drawing(boxes, SIZE, down)

    places = corners(made)
    for at, of in enumerate(takes):
        for source in of:
            if source < at:
                begin, end = (places[str(each)][1 if down else 0] for each in (source, at))
                assert begin + (40 if down else 100) < end
    for (x, y), (other_x, other_y) in itertools.combinations(places.values(), 2):
        assert abs(x - other_x) >= 100 or abs(y - other_y) >= 40
    for x, y in places.values():
        assert 0 < x < x + 100 < made.ground.wide
        assert 0 < y < y + 40 < made.ground.high


@given(graphs, st.booleans())
def test_no_arrow_runs_under_a_box(takes, down):
    boxes = [box(str(at), *map(str, sorted(of))) for at, of in enumerate(takes)]

    made = drawing(boxes, SIZE, down)

    for path in made.arrows:
        if " L" in path and path.count("M") == 1:  # it passes a layer, along the last line
            for x, y in numbers(path)[-2:]:
                for left, top in corners(made).values():
                    assert not (left < x < left + 100 and top < y < top + 40)
