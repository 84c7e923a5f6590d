"""Imports and tries the large libraries; prints a finding a line, and what it is about to try.

A process of its own (pipeline/doctor/libraries.py): any of this may end it.
"""

import pathlib
import tempfile
from collections.abc import Callable

from pipeline import process
from pipeline.doctor.finding import Finding, ok, problem, warning


def main() -> None:
    """Tries one library after another."""
    process.begin()
    for name, trial in _TRIALS.items():
        print(f"trying {name}", flush=True)
        print(trial().model_dump_json(), flush=True)
    process.end(0)


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise RuntimeError(f"got {found!r}, expected {expected!r}")


def _tensorflow() -> Finding:
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    _expect(int(tf.reduce_sum(tf.range(4))), 6)
    devices = f"{len(found)} GPU{'s' if len(found) != 1 else ''}" if found else "no GPU"
    if pathlib.Path("/dev/nvidia0").exists() and not found:
        mend = "Install TensorFlow's CUDA libraries: pip install 'tensorflow[and-cuda]'"
        return warning("TensorFlow", f"{tf.__version__}; sees none of this machine's GPUs", mend)
    return ok("TensorFlow", f"{tf.__version__}, {devices}")


def _keras() -> Finding:
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        mend = "Unset KERAS_BACKEND, or set it to tensorflow; see ~/.keras/keras.json too"
        return problem("Keras", f"got the backend {backend!r}, expected 'tensorflow'", mend)
    return ok("Keras", f"{keras.__version__} on {backend}")


def _tfx() -> Finding:
    from tfx import version

    import pipeline.graph  # noqa: F401  all that a run imports

    return ok("TFX", version.__version__)


def _metadata() -> Finding:
    from pipeline import lineage

    with tempfile.TemporaryDirectory() as name, lineage.opened(pathlib.Path(name)) as store:
        _expect(store.get_artifacts(), [])
    return ok("ML Metadata", "a database was written and read")


def _beam() -> Finding:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline.beam import Beam, beam_args

    with tempfile.TemporaryDirectory() as name:
        out = pathlib.Path(name, "sum")
        with beam.Pipeline(options=PipelineOptions(beam_args(Beam()))) as pipeline:
            _ = (
                pipeline
                | beam.Create([1, 2])
                | beam.CombineGlobally(sum)
                | beam.Map(lambda total: out.write_text(str(total), encoding="ascii"))
            )
        _expect(out.read_text(encoding="ascii"), "3")
    return ok("Beam", f"{beam.__version__}; the in-process runner works")


def _kfp() -> Finding:
    import kfp

    return ok("Kubeflow Pipelines", f"client {kfp.__version__}")


_TRIALS: dict[str, Callable[[], Finding]] = {
    "TensorFlow": _tensorflow,
    "Keras": _keras,
    "TFX": _tfx,
    "ML Metadata": _metadata,
    "Beam": _beam,
    "Kubeflow Pipelines": _kfp,
}


if __name__ == "__main__":
    main()
