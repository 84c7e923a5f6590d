"""TableExampleGen: rows of tables as tf.Examples, split as the spec says."""

from google.protobuf import wrappers_pb2
from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.dsl.components.base import executor_spec
from tfx.proto import example_gen_pb2

from components.example_gen.config import Table, splits_of
from components.example_gen.executor import Executor
from components.example_gen.files import Source


class TableExampleGen(FileBasedExampleGen):
    """Standard Examples, with the span, version and fingerprint of TFX's own driver."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(self, source: Source, table: Table):
        """Reads the files of the source, as the table says."""
        text = wrappers_pb2.StringValue(value=table.model_dump_json())
        config = example_gen_pb2.CustomConfig()
        config.custom_config.Pack(text)
        splits = [
            example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=1)  # names; we split
            for name in splits_of(table.split)
        ]
        super().__init__(
            input_base=str(source.folder),
            input_config=example_gen_pb2.Input(
                splits=[example_gen_pb2.Input.Split(name="all", pattern=source.pattern)]
            ),
            output_config=example_gen_pb2.Output(
                split_config=example_gen_pb2.SplitConfig(splits=splits)
            ),
            custom_config=config,
        )
