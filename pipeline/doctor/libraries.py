"""Imports and tries the large libraries. Any of this may end the process: it is one of its own."""

import ctypes
import importlib.metadata
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline import process
from pipeline.doctor import mending
from pipeline.doctor.apart import apart, tell
from pipeline.doctor.finding import Check, Finding, ok, problem, warning
from pipeline.doctor.packages import asked_for

_DRIVER = pathlib.Path("/proc/driver/nvidia/version")
# Libraries of CUDA, by what TensorFlow says of the versions that it was built with.
_CUDA = {
    "libcudart": "cuda_version",
    "libcublas": "cuda_version",
    "libcudnn": "cudnn_version",
}


def work(begun: Callable[[str], None] = lambda _: None) -> Iterator[Finding]:
    """Whether TensorFlow, TFX and what they stand on can be imported, and do what they should.

    Args:
        begun: told the name of each library before it is tried.
    """
    yield from apart("-m", __name__, mend=mending.environment(), begun=begun)


def _tensorflow() -> Iterator[Finding]:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    _expect(int(tf.reduce_sum(tf.range(4))), 6)
    version = tf.__version__
    if gpus or not _DRIVER.exists():
        details = map(tf.config.experimental.get_device_details, gpus)
        named = [str(each.get("device_name", "GPU")) for each in details]
        yield ok("TensorFlow", f"{version}, {', '.join(named) or 'no GPU'}")
        return
    gone = not_loaded(cuda_libraries(tf.sysconfig.get_build_info()))
    missing = f"; libraries that are not found: {', '.join(gone)}" if gone else ""
    mend = mending.pip("install", f"tensorflow[and-cuda]=={version}")
    yield warning(
        "TensorFlow", f"{version} sees no GPU, though this machine has one{missing}", mend
    )


def cuda_libraries(build: Mapping[str, Any]) -> list[str]:
    """Libraries that a build of TensorFlow loads to use a GPU, as far as it says which."""
    majors = {name: str(build.get(key, "")).partition(".")[0] for name, key in _CUDA.items()}
    return ["libcuda.so.1", *(f"{name}.so.{major}" for name, major in majors.items() if major)]


def not_loaded(names: list[str]) -> list[str]:
    """Which of these cannot be loaded; what TensorFlow has loaded itself is found again."""
    gone = []
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            gone.append(name)
    return gone


def _keras() -> Iterator[Finding]:
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        yield ok("Keras", f"{keras.__version__} on {backend}")
        return
    mend = "export KERAS_BACKEND=tensorflow, or change `backend` in ~/.keras/keras.json"
    yield problem("Keras", f"got the backend {backend!r}, expected 'tensorflow'", mend)


def _tfx() -> Iterator[Finding]:
    import pipeline.graph  # noqa: F401  all that a run imports, TFX's other libraries too

    yield ok("TFX", importlib.metadata.version("tfx"))


def _metadata() -> Iterator[Finding]:
    from tfx.types import standard_artifacts

    from pipeline import lineage

    artifact = standard_artifacts.Examples()
    artifact.uri = "here"
    with tempfile.TemporaryDirectory() as name, lineage.opened(pathlib.Path(name)) as store:
        artifact.type_id = store.put_artifact_type(artifact.artifact_type)
        written = store.put_artifacts([artifact.mlmd_artifact])
        _expect([each.uri for each in store.get_artifacts_by_id(written)], ["here"])
    version = importlib.metadata.version("ml-metadata")
    yield ok("ML Metadata", f"{version}; a database was written and read")


def _beam() -> Iterator[Finding]:
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
    yield ok("Beam", f"{beam.__version__}; the in-process runner works")


def _kfp() -> Iterator[Finding]:
    import kfp

    yield ok("Kubeflow Pipelines", f"client {kfp.__version__}")


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise RuntimeError(f"got {found!r}, expected {expected!r}")


def _or_reinstall(name: str, package: str, trial: Check) -> Check:
    """The trial of a library that, whatever it raises, can be mended with a package."""

    def check() -> Iterator[Finding]:
        try:
            yield from trial()
        except Exception as error:
            first = str(error).strip().partition("\n")[0]
            text = f"{type(error).__name__}: {first}"
            yield problem(name, text, mending.reinstall(asked_for(package)))

    return check


_TRIALS: dict[str, tuple[str, Check]] = {  # and the package that each needs most
    "TensorFlow": ("tensorflow", _tensorflow),
    "Keras": ("keras", _keras),
    "TFX": ("tfx", _tfx),
    "ML Metadata": ("tfx", _metadata),
    "Beam": ("apache-beam", _beam),
    "Kubeflow Pipelines": ("kfp", _kfp),
}


if __name__ == "__main__":
    process.begin()
    tell({name: _or_reinstall(name, *trial) for name, trial in _TRIALS.items()})
    process.end(0)
