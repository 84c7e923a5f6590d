"""`headrace submit --schedule` against a server on a loopback port."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.errors import SpecError
from pipeline.failure import ExitCode
from pipeline.kubeflow.client.cron import cron
from pipeline.kubeflow.client.package import Package
from pipeline.kubeflow.client.submit import Order, submit_command
from tests.kubeflow.conftest import pipeline_yaml
from tests.kubeflow.kfp_api import Fault, bodies
from tests.kubeflow.test_submit import SPEC, only


def test_a_schedule_is_made_with_the_seconds_that_the_server_wants(api, submit):
    package = Package(pipeline_yaml(root="minio://mlpipeline/mine"), "trainer")

    code, told, screen = submit(package, schedule="0 3 * * mon-fri", params=("steps=5",))

    made = only(api.recurring)
    assert (code, told.outcome, told.schedule) == (
        ExitCode.BLESSED,
        "scheduled",
        made["recurring_run_id"],
    )
    assert made["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * mon-fri"}}
    assert (made["display_name"], made["mode"], made["no_catchup"]) == ("flights", "ENABLE", True)
    assert made["max_concurrency"] in (1, "1")
    assert made["service_account"] == "trainer"
    assert made["runtime_config"] == {
        "parameters": {"steps": 5},
        "pipeline_root": "minio://mlpipeline/mine",
    }
    assert "Starts at '0 0 3 * * mon-fri' (second, minute, hour," in screen
    assert not api.runs


def test_a_schedule_of_the_same_name_is_replaced(api, submit):
    submit(schedule="0 3 * * *")
    before = only(api.recurring)["recurring_run_id"]

    _, _, screen = submit(schedule="0 4 * * *")
    submit(schedule="0 5 * * *", run_name="another")

    crons = [made["trigger"]["cron_schedule"]["cron"] for made in api.recurring.values()]
    assert crons == ["0 0 4 * * *", "0 0 5 * * *"]
    assert f"in the place of {before}" in screen


def test_a_schedule_that_is_refused_leaves_the_one_that_was_there(api, submit):
    submit(schedule="0 3 * * *")
    api.fault = Fault(500, '{"message": "db is away"}', at="/recurringruns", times=2)
    before = dict(api.recurring)

    with pytest.raises(Exception, match="db is away"):
        submit(schedule="0 4 * * *")

    assert api.recurring == before


def test_the_schedule_of_another_pipeline_is_not_replaced(api, submit):
    submit(schedule="0 3 * * *", run_name="nightly", experiment="all")
    other = Package(pipeline_yaml(name="taxi"))

    with pytest.raises(SpecError, match=r"another pipeline, and is not replaced\. Give another"):
        submit(other, schedule="0 4 * * *", run_name="nightly", experiment="all")

    assert len(api.recurring) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0 3 * *", "4 fields, expected five .minute, hour,.* '0 3 . . .' is three in the morning"),
        ("0 3 * * 7", "day of the week: got '7', expected 0 to 6 or sun to sat, 0 being Sunday"),
        ("61 3 * * *", "minute: got '61', expected 0 to 59"),
        ("0 3 * x *", "month: got 'x', expected 1 to 12 or jan to dec"),
        ("0 9-5 * * *", "hour: got '9-5', the range ends before it begins"),
        ("0 3 * * */0", "day of the week: got '[*]/0', expected a step of 1 or more"),
        ("0 3 1,, * *", "day of the month: got '', expected 1 to 31, [*], a range"),
    ],
)
def test_what_the_server_would_misread_is_refused(text, problem):
    with pytest.raises(SpecError, match=f"^--schedule '.*': .*{problem}"):
        cron(text)


_WORDS = st.sampled_from(["0", "1", "5", "6", "7", "12", "13", "24", "31", "59", "60"])
_NAMES = st.sampled_from(["jan", "DEC", "sun", "Sat", "x"])
_ENDS = st.one_of(_WORDS, _NAMES)
_PARTS = st.one_of(
    st.sampled_from(["*", "?", "*/5", "*/0", ""]),
    _ENDS,
    st.builds("{}-{}".format, _ENDS, _ENDS),
    st.builds("{}/{}".format, _ENDS, _WORDS),
)
_FIELDS = st.lists(_PARTS, min_size=1, max_size=2).map(",".join)


@given(st.lists(_FIELDS, min_size=4, max_size=7).map(" ".join))
def test_a_schedule_is_taken_if_and_only_if_the_server_takes_what_is_made_of_it(text):
    count = len(text.split())
    full = f"0 {text}" if count == 5 else text
    try:
        bodies.fields(full)
        taken = count in (5, 6)
    except ValueError:
        taken = False

    try:
        made = cron(text)
    except SpecError:
        assert not taken
    else:
        assert taken
        assert made.split() == full.split()


def test_five_fields_as_they_are_would_run_every_hour():
    # second 0, minute 3, any hour
    assert bodies.fields("0 3 * * *")[2] == set(range(24))
    assert bodies.fields(cron("0 3 * * *"))[:3] == [{0}, {0}, {3}]


def test_a_schedule_is_not_waited_for(capsys):
    order = Order(host="http://127.0.0.1:1", schedule="0 3 * * *", wait=True)

    code = submit_command(SPEC, (), order)

    assert code == ExitCode.BAD_SPEC
    assert "a schedule has no run yet to wait for" in capsys.readouterr().out
