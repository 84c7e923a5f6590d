"""What a spec's `[beam]` table becomes for Beam."""

import pydantic
import pytest

from modules.errors import SpecError
from pipeline.beam import Beam, beam_args

POOL = {"job_endpoint": "flink:8099", "worker_pool": "localhost:50000"}


def test_beam_runs_in_this_process_and_downloads_nothing():
    assert beam_args(Beam()) == ["--runner=FnApiRunner", "--sdk_container_image=unused"]


def test_several_processes_are_asked_for():
    assert beam_args(Beam(processes=2))[1:3] == [
        "--direct_running_mode=multi_processing",
        "--direct_num_workers=2",
    ]


@pytest.mark.parametrize("runner", ["flink", "spark"])
def test_an_engine_is_reached_through_its_job_server_and_starts_our_image(runner):
    beam = Beam(runner=runner, **POOL, options={"parallelism": 4})

    assert beam_args(beam, "registry.example/headrace:1") == [
        "--runner=PortableRunner",
        "--job_endpoint=flink:8099",
        "--environment_type=EXTERNAL",
        "--environment_config=localhost:50000",
        "--sdk_container_image=registry.example/headrace:1",
        "--parallelism=4",
    ]


def test_dataflow_gets_its_place_and_its_switches():
    place = {"project": "p", "region": "europe-west4", "temp_location": "gs://p/tmp"}
    options = {"dataflow_service_options": ("enable_prime", "x"), "save_main_session": True}
    beam = Beam(runner="dataflow", **place, options=options)

    flags = beam_args(beam, "headrace:1")
    assert flags[:2] == ["--runner=DataflowRunner", "--project=p"]
    assert flags[-3:] == [
        "--dataflow_service_options=enable_prime",
        "--dataflow_service_options=x",
        "--save_main_session",
    ]


def test_beam_reads_every_flag_that_is_written():
    from apache_beam.options.pipeline_options import PipelineOptions

    beam = Beam(runner="flink", **POOL, options={"parallelism": 4, "save_main_session": True})
    found = PipelineOptions(beam_args(beam, "headrace:1")).get_all_options(drop_default=True)

    assert found["runner"] == "PortableRunner"
    assert found["parallelism"] == 4
    assert found["environment_type"] == "EXTERNAL"
    assert found["save_main_session"] is True


@pytest.mark.parametrize("table", [{}, {"processes": 2}, {"runner": "flink", **POOL}])
def test_a_table_crosses_to_the_process_that_runs_as_json(table):
    beam = Beam(**table)

    assert Beam.model_validate_json(beam.model_dump_json()) == beam


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"runner": "flink"}, "the runner 'flink' needs job_endpoint"),
        ({"runner": "dataflow", "project": "p"}, "needs region.*needs temp_location"),
        ({"project": "p"}, "project is not of the runner 'direct'"),
        ({"runner": "flink", "job_endpoint": "flink"}, "should match pattern"),
        ({"runner": "storm"}, "'direct', 'flink', 'spark' or 'dataflow'"),
        ({"options": {"runner": "FlinkRunner"}}, r"options\.runner: the spec sets it itself"),
    ],
)
def test_what_cannot_be_is_told(table, told):
    with pytest.raises(pydantic.ValidationError, match=f"(?s){told}"):
        Beam(**table)


def test_an_option_that_beam_has_not_is_refused_with_the_nearest():
    with pytest.raises(SpecError, match=r"beam\.options\.paralelism: .*'parallelism'"):
        beam_args(Beam(options={"paralelism": 4}))


def test_an_engine_without_an_image_is_refused():
    with pytest.raises(SpecError, match=r"give kubeflow\.image"):
        beam_args(Beam(runner="spark", **POOL))
