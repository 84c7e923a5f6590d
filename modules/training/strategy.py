"""How a training is spread over devices and processes: the one place that knows of replicas."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from modules.errors import SpecError
from modules.spec.training import Training
from modules.training import cluster
from modules.training.input import Share
from modules.training.keras_mend import mend

Batches = Callable[[Share], tf.data.Dataset]


@dataclasses.dataclass(frozen=True)
class Spread:
    """A strategy, and the part of this process in it."""

    strategy: tf.distribute.Strategy
    is_chief: bool = True  # the one that writes
    workers: int = 0  # that take steps of their own for this process (coordinated.py)

    @property
    def replicas(self) -> int:
        """Of all processes; each computes an equal share of a batch."""
        return int(self.strategy.num_replicas_in_sync)

    def batches(self, make: Batches) -> tf.data.Dataset | tf.distribute.DistributedDataset:
        """The batches of each replica: what `make` gives for its share.

        TensorFlow's own sharding is left out: by file it may leave a worker without any, by
        element it reads everything everywhere, and in both the rows of a step depend on the
        number of workers.
        """
        if not isinstance(self.strategy, tf.distribute.Strategy) or self.replicas == 1:
            return make(Share())

        def mine(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = self.replicas // context.num_input_pipelines
            return make(Share(self.replicas, context.input_pipeline_id * local, local))

        return self.strategy.distribute_datasets_from_function(mine)


def spread(training: Training) -> Spread:
    """The strategy that the spec names, made on this machine.

    Raises:
        SpecError: if the machine lacks what it needs, or the batch cannot be shared equally.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)  # else one process takes all of it
    made = _STRATEGIES[training.strategy](training)
    if training.batch_size % made.replicas:
        lower = training.batch_size - training.batch_size % made.replicas
        sizes = [size for size in (lower, lower + made.replicas) if size]
        raise SpecError(
            [
                f"training.batch_size: {training.batch_size} examples do not divide among "
                f"{made.replicas} replicas: shares must be equal, so that every example counts "
                f"alike. Take {' or '.join(map(str, sizes))}"
            ]
        )
    return made


def _none(_: Training) -> Spread:
    return Spread(tf.distribute.get_strategy())


def _mirrored(_: Training) -> Spread:
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    strategy = tf.distribute.MirroredStrategy(devices)
    mend(strategy)
    return Spread(strategy)


def _multi_worker(training: Training) -> Spread:
    found = cluster.from_environment()
    if found is None:
        raise SpecError(
            [
                f"training.strategy: multi_worker needs {cluster.VARIABLE} in the environment of "
                f"each worker; the Trainer sets it when it starts them"
            ]
        )
    if training.jit_compile and not tf.config.list_physical_devices("GPU"):
        raise SpecError(
            [
                "training.jit_compile: TensorFlow compiles no collectives for processors, and "
                "multi_worker needs them (docs/decisions/keras-multi-worker.md). Leave it out"
            ]
        )
    found.check_port()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    mend(strategy)
    return Spread(strategy, found.is_chief)


def _parameter_server(_: Training) -> Spread:
    found = cluster.from_environment()
    if found is None:
        raise SpecError(
            [
                f"training.strategy: parameter_server needs {cluster.VARIABLE} in the environment "
                f"of each process; the Trainer sets it when it starts them"
            ]
        )
    found.check_kinds(*cluster.COORDINATED)
    found.check_port()
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    if strategy.num_replicas_in_sync > 1:
        raise SpecError(
            [
                f"training.strategy: parameter_server, but each worker has "
                f"{strategy.num_replicas_in_sync} GPUs, expected one at most. Start a worker a "
                f"GPU, with CUDA_VISIBLE_DEVICES set for each"
            ]
        )
    return Spread(strategy, workers=len(found.addresses["worker"]))


def _tpu(_: Training) -> Spread:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect()
    except (ValueError, tf.errors.OpError) as error:
        raise SpecError(
            [
                f"training.strategy: tpu, but this machine reaches none ({str(error)[:120]}). "
                f"Set TPU_NAME, or take the strategy 'none', 'mirrored' or 'multi_worker'"
            ]
        ) from None
    return Spread(tf.distribute.TPUStrategy(resolver))


_STRATEGIES = {
    "none": _none,
    "mirrored": _mirrored,
    "multi_worker": _multi_worker,
    "parameter_server": _parameter_server,
    "tpu": _tpu,
}
