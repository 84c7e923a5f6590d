"""A run on the server, followed until it ends."""

import time
from collections.abc import Mapping

from pipeline.kubeflow.client.refusals import ServerError
from pipeline.kubeflow.client.runs import Run, explained, fetch, read
from pipeline.kubeflow.client.server import Server
from pipeline.local.display.protocol import Display

_PATIENCE = 300.0  # seconds without an answer: a server that is updated is away for minutes


def follow(
    server: Server, run_id: str, names: Mapping[str, str], display: Display, every: float
) -> Run:
    """The run, once it has ended.

    Args:
        server: that has it.
        run_id: of the run.
        names: task of the compiled pipeline -> its stage, in order.
        display: where the stages are shown.
        every: seconds between two looks.

    Raises:
        ServerError: if the server is away for minutes, or the login is no longer taken.
    """
    heard = time.monotonic()
    with display:
        while True:
            try:
                found = fetch(server, run_id)
            except ServerError as error:
                if not error.passing or time.monotonic() - heard > _PATIENCE:
                    raise
            else:
                heard = time.monotonic()
                run = read(server, found, names)
                display.show(run.nodes)
                if run.ended:
                    break
            time.sleep(every)
    return explained(server, found, names)
