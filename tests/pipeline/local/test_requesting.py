"""What a command line asks for, and which run is gone on with."""

import datetime

import pytest

from modules.errors import SpecError
from pipeline.local.requesting import REQUEST, RESULT, Order, new_run, requested, run_ids
from pipeline.local.result import Result

SPEC = """
name = "birds"
[data]
source = "birds.csv"
[label]
column = "species"
task = "binary"
[features]
mass = { kind = "numeric" }
"""


@pytest.fixture
def spec_file(tmp_path):
    (tmp_path / "spec.toml").write_text(SPEC)
    return tmp_path / "spec.toml"


def run(spec_file, order, verdict=None):
    """A run that was asked for by the order, and how it ended; None: it was killed."""
    runs = order.folder(spec_file)
    runs.mkdir(exist_ok=True)
    _, request = requested(spec_file, order)
    run_id = new_run(runs)
    request = request.model_copy(update={"run_id": run_id})
    (runs / run_id / REQUEST).write_text(request.model_dump_json())
    if verdict:
        result = Result(
            run=run_id, pipeline="birds", verdict=verdict, reason="", seconds=1, nodes=[]
        )
        (runs / run_id / RESULT).write_text(result.model_dump_json())
    return run_id


@pytest.mark.parametrize("verdict", [None, "failed"])
def test_a_run_that_was_cut_short_is_gone_on_with_as_it_was_asked_for(spec_file, verdict):
    order = Order(overrides=("training.steps=7",), last="Trainer", uncached=("Transform",))
    run_id = run(spec_file, order, verdict)

    spec, request = requested(spec_file, Order(resume=True))

    assert spec.training.steps == 7
    assert request.resumes == run_id
    assert (request.first, request.last, request.uncached) == (None, "Trainer", ["Transform"])


@pytest.mark.parametrize("verdict", ["blessed", "not_blessed", "partial"])
def test_a_run_that_came_to_its_end_is_not_gone_on_with(spec_file, verdict):
    run(spec_file, Order())  # killed, but another came after it
    run(spec_file, Order(), verdict)

    with pytest.raises(SpecError, match=r"--resume: no run of spec.toml in .* was cut short"):
        requested(spec_file, Order(resume=True))


def test_a_run_of_another_spec_in_the_same_folder_is_not_gone_on_with(spec_file):
    other = spec_file.with_name("other.toml")
    other.write_text(SPEC)
    runs = spec_file.parent / "runs"
    run(other, Order(runs=runs))

    with pytest.raises(SpecError, match=r"no run of spec\.toml"):
        requested(spec_file, Order(resume=True, runs=runs))


def test_a_run_is_not_gone_on_with_under_another_spec(spec_file):
    run_id = run(spec_file, Order())
    spec_file.write_text(SPEC.replace("numeric", "text"))

    with pytest.raises(SpecError, match=f"the spec has changed since run {run_id}"):
        requested(spec_file, Order(resume=True))


def test_what_a_resumed_run_is_asked_for_cannot_be_changed(spec_file):
    run(spec_file, Order())

    with pytest.raises(SpecError, match="takes --set, --from, --to, --only and --no-cache from"):
        requested(spec_file, Order(resume=True, overrides=("training.steps=7",)))


def test_a_request_that_is_not_whole_is_passed_over(spec_file):
    run_id = run(spec_file, Order())
    torn = run(spec_file, Order())
    (spec_file.parent / "runs" / torn / REQUEST).write_text('{"spec": ')

    _, request = requested(spec_file, Order(resume=True))

    assert request.resumes == run_id


def test_a_new_run_comes_after_all_others_even_when_the_clock_was_set_back(tmp_path):
    tomorrow = datetime.datetime.now().astimezone() + datetime.timedelta(days=1)
    ahead = tomorrow.strftime("%Y%m%d-%H%M%S-%f")
    (tmp_path / ahead).mkdir()
    (tmp_path / "artifacts").mkdir()

    first, second = new_run(tmp_path), new_run(tmp_path)

    assert ahead < first < second
    assert run_ids(tmp_path) == [ahead, first, second]
