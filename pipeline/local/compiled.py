"""The pipeline of a request as TFX compiles it; from the cache, if spec and code are as they were.

Building and compiling it imports all of TFX, some seconds, which a run that has nothing to do need
not spend.
"""

import json
import pathlib

from google.protobuf import message
from tfx.proto.orchestration import pipeline_pb2

from components.example_gen import files
from pipeline.local import whole
from pipeline.local.cache import why
from pipeline.local.cache.code import Codebase
from pipeline.local.record import Parts
from pipeline.local.result import Request
from pipeline.spec import Spec

_FOLDER = pathlib.PurePath("cache", "pipeline")


def compiled(spec: Spec, request: Request, codebase: Codebase) -> pipeline_pb2.Pipeline:
    """The compiled pipeline, its run id still to be filled in.

    Raises:
        DataError: if the format of the data cannot be told.
        SpecError: if Beam knows no such option.
    """
    runs, folder = pathlib.Path(request.runs), pathlib.Path(request.spec_file).parent
    data = files.locate(spec.data.source, spec.data.format, folder)
    code = codebase.of(["pipeline.graph"], [])
    parts = Parts(
        component="pipeline",
        properties={
            "spec": json.loads(request.spec),
            "runs": request.runs,
            "serving": request.serving,
            "folder": str(folder),
            "data": [str(data.folder), data.pattern, data.format],
        },
        code=code.digests,
        libraries=code.libraries,
    )
    path = runs / _FOLDER / f"{why.key(parts)}.pb"
    found = _read(path)
    if found is None:
        found = _compile(spec, folder, data, request)
        whole.write(path, found.SerializeToString(deterministic=True))
    return found


def _read(path: pathlib.Path) -> pipeline_pb2.Pipeline | None:
    found = pipeline_pb2.Pipeline()
    try:
        found.ParseFromString(path.read_bytes())
    except (OSError, message.DecodeError):
        return None
    return found if found.nodes else None


def _compile(
    spec: Spec, folder: pathlib.Path, data: files.Source, request: Request
) -> pipeline_pb2.Pipeline:
    from tfx.dsl.compiler import compiler

    from pipeline import lineage
    from pipeline.graph import Places, build_pipeline

    runs = pathlib.Path(request.runs)
    pipeline = build_pipeline(spec, Places(folder, data, str(runs / "artifacts"), request.serving))
    pipeline.metadata_connection_config = lineage.connection(runs)
    return compiler.Compiler().compile(pipeline)
