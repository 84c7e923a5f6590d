"""Who a pod trains with: TF_CONFIG, made of what an Indexed Job and its manifest tell a pod.

A TrainJob of Kubeflow Trainer makes its pods by an Indexed Job, too, so that this serves both.
"""

import json
from collections.abc import MutableMapping

from modules.errors import SpecError

COUNT = "NUM_WORKERS"
TEMPLATE = "WORKER_HOST_TEMPLATE"
PLACE = "JOB_COMPLETION_INDEX"  # set by Kubernetes
INDEX = "{index}"  # in the template: a worker's place
_TF_CONFIG = "TF_CONFIG"


def place(environment: MutableMapping[str, str]) -> tuple[int, int]:
    """This worker's place, from 0, and how many there are.

    Raises:
        SpecError: with everything that is wrong in the environment.
    """
    problems = [
        f"{name}: got {environment.get(name)!r}, expected a whole number"
        for name in (COUNT, PLACE)
        if not (environment.get(name) or "").isdecimal()
    ]
    if not problems and int(environment[PLACE]) >= int(environment[COUNT]):
        problems.append(
            f"{PLACE}: got {environment[PLACE]}, expected less than {COUNT}, {environment[COUNT]}"
        )
    if problems:
        raise SpecError(problems)
    return int(environment[PLACE]), int(environment[COUNT])


def describe_cluster(environment: MutableMapping[str, str]) -> None:
    """Sets TF_CONFIG, if it is not set and there are workers. TensorFlow reads it when imported.

    Args:
        environment: NUM_WORKERS, how many; WORKER_HOST_TEMPLATE, where each hears the others, as
            `host-{index}:port`; JOB_COMPLETION_INDEX, which one this is.

    Raises:
        SpecError: with everything that is wrong in the environment.
    """
    if environment.get(_TF_CONFIG) or COUNT not in environment:
        return
    template = environment.get(TEMPLATE, "")
    if INDEX not in template:
        raise SpecError([f"{TEMPLATE}: got {template!r}, expected host and port with {INDEX}"])
    index, count = place(environment)
    addresses = [template.replace(INDEX, str(number)) for number in range(count)]
    task = {"type": "worker", "index": index}
    environment[_TF_CONFIG] = json.dumps({"cluster": {"worker": addresses}, "task": task})
