"""Scores files with a model: from what was asked for to the file of scores."""

import dataclasses
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence

import apache_beam as beam
import pyarrow as pa
import pydantic
from apache_beam.options.pipeline_options import PipelineOptions

from components.batch_inference.files import SCORED, ScoreFiles, Target, in_order
from components.batch_inference.scoring import Model, answered
from components.example_gen.config import Form, Format
from components.example_gen.findings import REJECTED, Findings
from modules.errors import DataError, InputProblem, SpecError
from pipeline import spec as spec_of
from pipeline.beam import Beam, beam_args
from pipeline.failure import causes
from pipeline.predicting import output as output_of
from pipeline.predicting import place
from pipeline.predicting.inputs import Inputs, look

Say = Callable[[str], None]
Wrong = tuple[pathlib.Path, str]  # a file that is not read, or not to its end, and why


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for, as it was typed."""

    source: str
    output: pathlib.Path
    model: pathlib.Path | None = None  # None: what the spec pushes, or `runs/serving` here
    keep: tuple[str, ...] = ()
    spec_file: pathlib.Path | None = None  # says how values are written in the files
    force: bool = False


class Result(pydantic.BaseModel):
    """What came of it."""

    output: str
    model: str  # folder of the version
    rows: int  # scored
    rejected: int  # rows that cannot be read
    unread: list[str]  # files that cannot be read, or not to their end
    problems: list[str]  # a sentence for each kind of problem
    rejects: str | None  # the file that lists all of it
    missing: list[str]  # columns of the model that no file has
    columns: list[str]  # of the output
    seconds: float


def predict(order: Order, warn: Say) -> Result:
    """Scores every row that can be read; the output is there whole, or not at all.

    Args:
        order: what is asked for.
        warn: is told what is worth knowing before the work begins.

    Raises:
        SpecError: if the command line, the spec or the model cannot be used.
        DataError: if no row can be read.
    """
    started = time.monotonic()
    form, given, serving = _of_spec(order.spec_file)
    version = place.version((order.model or serving).absolute())
    takes = place.interface(version)
    keep = tuple(dict.fromkeys(order.keep))
    inputs = look(order.source, form, given, takes.columns, keep)
    output = order.output.absolute()
    output_of.check(output, [*inputs.files, *inputs.unreadable], order.force)
    for name, nearest in inputs.missing.items():
        warn(f"no column {name!r} in {order.source}: it is missing in every row{nearest}")
    model = place.load(version, takes)
    signature = model.signature()  # held, so that Beam's step finds it loaded
    schema = _schema(inputs, answered(signature))
    findings, wrong = _scored(inputs, model, schema, output)
    rejected = findings.rows.get(REJECTED, 0)
    return Result(
        output=str(order.output),
        model=str(version),
        rows=findings.rows.get(SCORED, 0),
        rejected=rejected,
        unread=list(dict.fromkeys(str(file) for file, _ in wrong)),
        problems=[*(f"{file}: {said}" for file, said in wrong), *findings.sentences()],
        rejects=str(output_of.rejects_of(order.output)) if rejected or wrong else None,
        missing=list(inputs.missing),
        columns=schema.names,
        seconds=round(time.monotonic() - started, 3),
    )


def _of_spec(spec_file: pathlib.Path | None) -> tuple[Form, Format | None, pathlib.Path]:
    """How values are written, in which format, and where the spec's models are pushed to."""
    if spec_file is None:
        return Form(), None, pathlib.Path("runs", "serving").absolute()
    spec = spec_of.load(spec_file)
    form = Form.model_validate(spec.data.model_dump(include=set(Form.model_fields)))
    return form, spec.data.format, spec_file.absolute().parent / (spec.push.to or "runs/serving")


def _schema(inputs: Inputs, scores: pa.Schema) -> pa.Schema:
    """The columns of the output.

    Raises:
        SpecError: if a column that is kept has the name of a score.
    """
    clashing = [name for name in inputs.kept if name in scores.names]
    if clashing:
        raise SpecError(
            f"--keep: {name!r} is the name of a score, too. Rename the column" for name in clashing
        )
    return pa.schema([*inputs.kept.items(), *scores])


def _scored(
    inputs: Inputs, model: Model, schema: pa.Schema, output: pathlib.Path
) -> tuple[Findings, list[Wrong]]:
    """Writes the output and, if need be, the rejects; what was found on the way."""
    with output_of.staging(output) as folder:
        findings = _score(inputs, model, folder)
        wrong = _wrong(inputs, findings)
        _check_rows(findings, wrong)
        made = folder / output.name
        output_of.join_parts(in_order(str(folder / "parts")), schema, made)
        rejects = None
        if wrong or findings.rows.get(REJECTED):
            rejects = folder / "rejects.jsonl"
            output_of.join_rejects(in_order(str(folder / "rejects")), wrong, rejects)
        output_of.put(made, rejects, output)
    return findings, wrong


def _score(inputs: Inputs, model: Model, folder: pathlib.Path) -> Findings:
    """Runs the work on Beam, in this process; parts and rejects go to the folder."""
    target = Target(
        parts=str(folder / "parts"),
        rejects=str(folder / "rejects"),
        findings=str(folder / "findings.json"),
    )
    for made in (target.parts, target.rejects):
        pathlib.Path(made).mkdir()
    try:
        with beam.Pipeline(options=PipelineOptions(beam_args(Beam()))) as pipeline:
            _ = (
                pipeline
                | beam.Create([(number, str(file)) for number, file in enumerate(inputs.files)])
                | beam.Reshuffle()
                | ScoreFiles(inputs.table, tuple(inputs.kept), model, target)
            )
    except Exception as error:  # Beam's own, around what a step raised
        for cause in causes(error):
            if isinstance(cause, KeyboardInterrupt | OSError | InputProblem):
                raise cause from None
        raise
    return Findings.model_validate_json(pathlib.Path(target.findings).read_bytes())


def _wrong(inputs: Inputs, findings: Findings) -> list[Wrong]:
    """What is wrong with whole files, once each, without the name of the file."""
    said = [*inputs.unreadable.values(), *sorted(set(findings.fatal))]
    return list(_by_file(said, [*inputs.unreadable, *inputs.files]))


def _by_file(said: Sequence[str], files: Sequence[pathlib.Path]) -> Iterator[Wrong]:
    for line in said:
        for file in files:
            if line.startswith(f"{file}: "):
                yield file, line.removeprefix(f"{file}: ")
                break


def _check_rows(findings: Findings, wrong: Sequence[Wrong]) -> None:
    """Raises DataError if there are rows, or files, and none of them can be read."""
    rejected = findings.rows.get(REJECTED, 0)
    if findings.rows.get(SCORED) or not (rejected or wrong):
        return
    problems = [f"{file}: {said}" for file, said in wrong]
    if rejected:
        problems += [*findings.sentences(), f"none of {rejected:,} rows can be read"]
    raise DataError(problems)
