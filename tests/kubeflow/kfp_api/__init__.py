"""The API server of Kubeflow Pipelines, played on a loopback port.

It takes what the real one takes (v2beta1; kubeflow/pipelines 2.16, backend/src), refuses what that
refuses, in its words and in google.rpc.Status, and lets a run go on by a stage each time it is
looked at. What it restates names the source file there. It runs no pods.
"""

from tests.kubeflow.kfp_api.server import Fault, KfpServer

__all__ = ["Fault", "KfpServer"]
