"""A process that computes, or keeps weights, for a chief that trains with parameter servers."""

import os

import tensorflow as tf

from modules.training import cluster


def serve(found: cluster.Cluster) -> None:
    """Does what the chief asks for, until this process is ended.

    Raises:
        SpecError: if the cluster is none of parameter servers, or if another program listens where
            the chief looks for this process.
    """
    found.check_kinds(*cluster.COORDINATED)
    found.check_port()
    config = tf.compat.v1.ConfigProto()
    config.gpu_options.allow_growth = True  # else one process takes all of the memory
    # Requests of the chief and of every worker wait for each other: a thread for each at least.
    requests = len(found.addresses["worker"]) + 1
    config.inter_op_parallelism_threads = max(requests, os.cpu_count() or 1)
    server = tf.distribute.Server(
        dict(found.addresses),
        job_name=found.kind,
        task_index=found.index,
        protocol="grpc",
        config=config,
    )
    server.join()
