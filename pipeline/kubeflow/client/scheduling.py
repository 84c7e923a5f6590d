"""A schedule on the server: a run each time its hour comes."""

from typing import Any

from modules.errors import SpecError
from pipeline.kubeflow.client.package import Package
from pipeline.kubeflow.client.server import Server
from pipeline.kubeflow.client.submitting import Version, Wanted, by_name


def schedule(
    server: Server, package: Package, version: Version, wanted: Wanted, cron: str
) -> tuple[str, list[str]]:
    """A schedule, in the place of those of its name.

    A spec that is submitted again is a newer version of the same wish, so its schedule is
    replaced; the server itself would keep both and train twice.

    Args:
        server: to make it on.
        package: what is run.
        version: as uploaded.
        wanted: its name, and what its runs are given.
        cron: when, in six fields.

    Returns:
        Its id, and those that it replaced.

    Raises:
        SpecError: if the name is that of another pipeline's schedule.
        ServerError: if the server refuses it; those that were there are left alone.
    """
    before = _of_name(server, wanted)
    foreign = [old for old in before if _pipeline_of(old) != version.pipeline_id]
    if foreign:
        raise SpecError(
            [
                f"--schedule: {wanted.name!r} is the schedule {foreign[0].recurring_run_id} of "
                f"another pipeline, and is not replaced. Give another --run-name"
            ]
        )
    made = server.ask(
        server.client.create_recurring_run,
        experiment_id=wanted.experiment_id,
        job_name=wanted.name,
        cron_expression=cron,
        max_concurrency=1,  # two at a time would push against each other
        no_catchup=True,  # after an outage one training is enough
        params=wanted.values,
        pipeline_id=version.pipeline_id,
        version_id=version.version_id,
        pipeline_root=package.root,
        service_account=package.service_account,
    )
    for old in before:
        server.ask(server.client.delete_recurring_run, recurring_run_id=old.recurring_run_id)
    return str(made.recurring_run_id), [str(old.recurring_run_id) for old in before]


def _of_name(server: Server, wanted: Wanted) -> list[Any]:
    listed = server.ask(
        server.client.list_recurring_runs,
        page_size=100,
        experiment_id=wanted.experiment_id,
        filter=by_name(wanted.name),
    )
    return list(listed.recurring_runs or ())


def _pipeline_of(recurring: Any) -> str | None:
    reference = recurring.pipeline_version_reference
    return reference.pipeline_id if reference else None
