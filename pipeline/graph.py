"""The DAG: what is built from what. Nothing else happens here."""

import dataclasses
import pathlib
from typing import Protocol

import keras  # noqa: F401  before Transform's executor: else tf.keras is Keras 2
from tfx import components as tfx
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types import BaseChannel, Channel, standard_artifacts

from components.baseline.strategy import CANDIDATE, SERVABLE, LatestComparableModel
from components.converter.component import Converter
from components.converter.config import ConverterSettings
from components.data_gate.component import DataGate
from components.data_gate.config import GateSettings
from components.evaluator.component import Evaluator
from components.example_gen.component import TableExampleGen
from components.example_gen.files import Source
from components.pusher.component import Pusher
from components.serving_validator.component import ServingValidator
from components.serving_validator.config import ServingSettings
from components.statistics_gen.component import StatisticsGen
from components.transform.component import Transform
from modules.spec.learning import Interface
from modules.spec.workers import Workers
from pipeline.beam import beam_args
from pipeline.evaluation import eval_config, judging
from pipeline.metrics import HEADLINE
from pipeline.pushing import push_settings
from pipeline.spec import Spec, split_names

WARM_START, BASELINE = "WarmStart", "Baseline"  # the nodes that look up an earlier model
# What Transform is told of the learning spec: when anything else changes, it need not run again.
PREPARED = {"label", "features", "preprocessing"}


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a pipeline reads and writes."""

    spec: pathlib.PurePath  # the folder that the spec's paths start from
    data: Source
    artifacts: str  # the pipeline root
    serving: str  # versions of the pushed model: a folder, or a place in an object store


class Latest(Protocol):
    """Makes the node that looks up an earlier model, and gives it as its output `model`."""

    def __call__(
        self, name: str, interface: Interface, places: Places, candidate: BaseChannel | None
    ) -> BaseNode:
        """The node of that name; the model takes today's examples, and is not the candidate."""


def latest_blessed(
    name: str, interface: Interface, places: Places, candidate: BaseChannel | None
) -> BaseNode:
    """The latest blessed model of ML Metadata that takes today's examples, if there is one."""
    del places
    return Resolver(
        strategy_class=LatestComparableModel,
        config={"interface": interface.model_dump_json()},
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        **{SERVABLE: Channel(type=standard_artifacts.InfraBlessing)},
        **({CANDIDATE: candidate} if candidate else {}),
    ).with_id(name)


def build_pipeline(
    spec: Spec,
    places: Places,
    latest: Latest = latest_blessed,
    workers: Workers | None = None,
) -> Pipeline:
    """The pipeline of a spec, from rows to a pushed model.

    Args:
        spec: what to learn, from what.
        places: where it reads and writes.
        latest: makes the nodes that look up an earlier model.
        workers: the pods that train, if it is not the Trainer's own process or machine.
    """
    splits = list(split_names(spec))
    watched = "valid" if "valid" in splits else "eval"  # what early stopping looks at
    made_by = {own.__name__: own for own in (StatisticsGen, Transform, Evaluator)}
    made_by |= {name: getattr(tfx, name) for name in spec.stock}
    learning = {"spec": spec.learning().model_dump_json(), "folder": str(places.spec)}
    preparing = {**learning, "spec": spec.learning().model_dump_json(include=PREPARED)}

    examples = TableExampleGen(places.data, spec.table(places.data.format))
    statistics = made_by["StatisticsGen"](examples=examples.outputs["examples"])
    if spec.validation.schema_file:
        schema = ImportSchemaGen(str(places.spec / spec.validation.schema_file))
    else:
        schema = tfx.SchemaGen(
            statistics=statistics.outputs["statistics"],
            infer_feature_shape=False,  # any value may be missing in a request
            exclude_splits=[split for split in splits if split != "train"],
        )
    validator = tfx.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    gate = DataGate(
        statistics=statistics.outputs["statistics"],
        anomalies=validator.outputs["anomalies"],
        settings=GateSettings(
            label=spec.label,
            features=tuple(spec.features),
            columns=tuple(spec.columns()),
            validation=spec.validation,
        ).model_dump_json(by_alias=True),
    )
    transform = made_by["Transform"](
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn="modules.preprocessing.preprocessing_fn",
        custom_config=preparing,
        splits_config=transform_pb2.SplitsConfig(analyze=["train"], transform=splits),
        disable_analyzer_cache=True,  # a quarter of the time, for a cache that nothing reads
        disable_statistics=True,  # a third of Transform's time, and nobody reads them
    )
    transform.add_upstream_node(gate)
    interface = spec.interface()
    start = latest(WARM_START, interface, places, None) if spec.training.warm_start else None
    trainer = tfx.Trainer(
        run_fn="modules.training.run.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        base_model=start.outputs["model"] if start else None,
        custom_config={**learning, **({"cluster": workers.model_dump_json()} if workers else {})},
        train_args=trainer_pb2.TrainArgs(splits=["train"]),
        eval_args=trainer_pb2.EvalArgs(splits=[watched]),
    )
    baseline = latest(BASELINE, interface, places, trainer.outputs["model"])
    baseline.add_upstream_node(trainer)  # the latest at the time it is compared with
    told = judging(spec)
    evaluator = made_by["Evaluator"](
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(spec),
        schema=schema.outputs["schema"],
        example_splits=["eval"],
        **({"judging": told} if told else {}),  # TFX's own knows of nothing beside the config
    )
    served = serving_validator(spec, watched, examples, trainer) if spec.serving.check else None
    pusher = Pusher(
        places.serving,
        push_settings(spec, places.spec),
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=served.outputs["blessing"] if served else None,
        statistics=statistics.outputs["statistics"],  # its manifest tells of the data
    )
    return Pipeline(
        pipeline_name=spec.name,
        pipeline_root=places.artifacts,
        components=[
            examples,
            statistics,
            schema,
            validator,
            gate,
            transform,
            *([start] if start else []),
            trainer,
            baseline,
            evaluator,
            *([served] if served else []),
            pusher,
            *_converters(spec, trainer, transform, evaluator),
        ],
        beam_pipeline_args=beam_args(spec.beam, spec.kubeflow.image if spec.kubeflow else None),
        enable_cache=False,
    )


def serving_validator(spec: Spec, watched: str, examples: BaseNode, trainer: BaseNode) -> BaseNode:
    """The node that calls the model as a server would.

    Args:
        spec: of the pipeline.
        watched: the split that the Trainer watches.
        examples: the node that gives raw rows.
        trainer: the node that gives the model.
    """
    return ServingValidator(
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        model_run=trainer.outputs["model_run"],
        settings=ServingSettings(
            serving=spec.serving, interface=spec.interface(), watched=watched
        ).model_dump_json(),
    )


def _converters(
    spec: Spec, trainer: BaseNode, transform: BaseNode, evaluator: BaseNode
) -> list[BaseNode]:
    """The node that makes further formats of the model, if the spec asks for any."""
    if not spec.export.formats:
        return []
    converter = Converter(
        model=trainer.outputs["model"],
        transformed_examples=transform.outputs["transformed_examples"],
        settings=ConverterSettings(
            export=spec.export,
            metric=HEADLINE[spec.label.task],
            memory_mb=spec.training.memory_mb,
        ).model_dump_json(),
    )
    converter.add_upstream_node(evaluator)  # beside it, latencies would be those of a busy machine
    return [converter]
