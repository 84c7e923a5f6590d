"""What the server, the driver and the launcher refuse. No pod runs here that does anything."""

import json
import re

import pytest
from kfp import dsl, kubernetes

from tests.kubeflow import harness
from tests.kubeflow.harness import values
from tests.kubeflow.harness.components import cluster_in, compiled, play, shell, write
from tests.kubeflow.harness.placeholders import expanded

_WHY = harness.unavailable()
pytestmark = pytest.mark.skipif(_WHY is not None, reason=_WHY or "")


def one(text: str = "a", times: int = 1):
    task = shell(script=text)
    kubernetes.set_image_pull_policy(task, "Never")


@pytest.mark.parametrize(
    ("document", "old", "new", "error"),
    [
        # NewV2SpecTemplate, v2_template.go
        (0, "schemaVersion: 2.1.0", "schemaVersion: 2.0.0", "the server takes 2.1.0 only"),
        (0, "name: tiny", "name: Not_A_Name", "pipelineInfo.name is 'Not_A_Name'"),
        (0, "taskInfo:", "taskinfo:", "taskinfo"),
        (0, "parameterType: STRING", "parameterType: TEXT", "TEXT"),
        # IsPlatformSpecWithKubernetesConfig, v2_template.go: ignored there
        (1, "deploymentSpec:", "deploymentspec:", "deploymentspec"),
        (1, "imagePullPolicy:", "imagePolicy:", "imagePolicy"),
        (1, "exec-shell:", "exec-other:", "exec-other"),
        # dfs, visitor.go; GetDeploymentConfig there ignores unknown fields
        (0, "container:", "resolver: {}\n      old:", "old|non-container"),
        (0, "command:", "commando:", "commando"),
        (0, "executorLabel: exec-shell", "executorLabel: exec-none", "exec-none.*is None"),
        # Argo's names
        (0, "      shell:\n", "      a_shell:\n", "root/a_shell becomes an Argo task"),
        # addImplicitDependencies, dag.go
        (0, "        taskInfo:", "        dependentTasks: [gone]\n        taskInfo:", "'gone'"),
    ],
)
def test_a_pipeline_that_the_server_would_not_take_is_refused(tmp_path, document, old, new, error):
    file = compiled(tmp_path, one)
    documents = file.read_text().split("\n---\n")
    assert old in documents[document]
    documents[document] = documents[document].replace(old, new)
    file.write_text("\n---\n".join(documents))

    with pytest.raises(harness.Refused, match=error):
        harness.run(file, {}, cluster_in(tmp_path))


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"times": "2"}, "'times' is '2'; tiny expects NUMBER_INTEGER"),
        ({"text": 2}, "'text' is 2; tiny expects STRING"),
        ({"other": 1}, re.escape("no parameters ['other']; it has ['text', 'times']")),
    ],
)
def test_parameters_must_be_known_and_have_their_type(tmp_path, parameters, error):
    # validatePipelineJobInputs, v2_template.go
    with pytest.raises(harness.Refused, match=error):
        harness.run(compiled(tmp_path, one), parameters, cluster_in(tmp_path))


def test_components_with_one_container_must_have_the_same_inputs(tmp_path):
    # saveComponentSpec, argo.go, files a component under the hash of its container
    @dsl.container_component
    def first(a: str = "a"):
        return dsl.ContainerSpec(image="any", command=["true"])

    @dsl.container_component
    def second(b: str = "b"):
        return dsl.ContainerSpec(image="any", command=["true"])

    def pipeline():
        first()
        second()

    with pytest.raises(harness.Refused, match="'comp-first' and 'comp-second' have the same"):
        play(tmp_path, pipeline)


def test_an_argument_has_less_than_128_kib(tmp_path):
    @dsl.container_component
    def twice(a: str, b: str):
        return dsl.ContainerSpec(image="any", command=["echo"], args=[a, b])

    def pipeline(text: str):
        twice(a=text, b=text)

    file = compiled(tmp_path, pipeline)

    # twice 100 kB in the ExecutorInput, which the launcher gets as an argument
    run = harness.run(file, {"text": "a" * 100_000}, cluster_in(tmp_path))

    with pytest.raises(AssertionError, match="twice: argument list too long"):
        run.check()


def test_a_whole_pipeline_is_one_argument_of_its_driver(tmp_path):
    def pipeline():
        for _ in range(4):
            shell(script="a" * 40_000)

    with pytest.raises(harness.Refused, match="driver of the whole pipeline cannot start: arg"):
        play(tmp_path, pipeline)


def test_an_output_parameter_of_another_type_fails_its_reader(tmp_path):
    output = json.dumps({"parameterValues": {"number": "many"}})

    @dsl.container_component
    def count(number: dsl.OutputPath(int)):
        script = f"mkdir /tmp/kfp_outputs; echo '{output}' > /tmp/kfp_outputs/output_metadata.json"
        return dsl.ContainerSpec(image="any", command=["sh", "-ec", script])

    @dsl.container_component
    def use(number: int):
        return dsl.ContainerSpec(image="any", command=["echo"], args=[number])

    def pipeline():
        use(number=count().outputs["number"])

    run = play(tmp_path, pipeline)

    # handleParamTypeValidationAndConversion, resolve.go
    with pytest.raises(AssertionError, match="'number' type mismatch: expect NUMBER_INTEGER"):
        run.check()
    assert run["use"].attempts == []


def test_an_output_parameter_that_is_not_written_fails_the_task(tmp_path):
    @dsl.container_component
    def count(number: dsl.OutputPath(int)):
        return dsl.ContainerSpec(image="any", command=["true"])

    def pipeline():
        count()

    # collectOutputParameters, launcher_v2.go
    with pytest.raises(AssertionError, match="failed to read output parameter 'number'"):
        play(tmp_path, pipeline).check()


@pytest.mark.parametrize("placeholder", ["{{$.json_escape[1]}}", "{{$.inputs.parameters['none']}}"])
def test_a_placeholder_that_kubeflow_leaves_as_it_is_ends_the_run(tmp_path, placeholder):
    @dsl.container_component
    def use():
        return dsl.ContainerSpec(image="any", command=["echo"], args=[placeholder])

    def pipeline():
        use()

    with pytest.raises(harness.Trap, match=r"leaves .* as they are"):
        play(tmp_path, pipeline)


def test_a_value_that_holds_a_placeholder_ends_the_run(tmp_path):
    # getPlaceholders, launcher_v2.go: a Go map is walked in another order every time
    @dsl.container_component
    def use(a: str, z: str):
        return dsl.ContainerSpec(image="any", command=["echo"], args=[a])

    def pipeline(a: str, z: str):
        use(a=a, z=z)

    given = {"a": "{{$.inputs.parameters['z']}}", "z": "zet"}

    with pytest.raises(harness.Trap, match="left to chance"):
        harness.run(compiled(tmp_path, pipeline), given, cluster_in(tmp_path))


def test_what_is_not_played_is_refused(tmp_path):
    def pipeline(text: str = "a"):
        with dsl.If(text == "a"):
            write(text=text)

    with pytest.raises(harness.Refused, match=r"condition.*not played here"):
        play(tmp_path, pipeline)


def test_a_root_is_in_an_object_store(tmp_path):
    with pytest.raises(ValueError, match=r"Cluster.root is '/data'"):
        play(tmp_path, one, root="/data")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (1, "1"),
        (0.1, "0.1"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (True, "true"),
        ([1, {"b": "<", "a": None}], '[1,{"a":null,"b":"\\u003c"}]'),
    ],
)
def test_a_value_is_written_as_go_writes_it(value, text):
    # PbValueToText, metadata/converter.go
    assert values.text(values.value_of(value)) == text


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" 12\n", "NUMBER_INTEGER", 12),
        ("1.5", "NUMBER_DOUBLE", 1.5),
        ("True", "BOOLEAN", True),
        ("[1]", "LIST", [1]),
        ('{"a": 1}', "STRUCT", {"a": 1}),
        (" a\n", "STRING", " a\n"),
    ],
)
def test_an_output_parameter_is_read_as_go_reads_it(text, kind, value):
    # TextToPbValue, metadata/converter.go
    assert values.python(values.parsed(text, values.Type.Value(kind))) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [("1.5", "NUMBER_INTEGER"), ("yes", "BOOLEAN"), ("{}", "LIST"), ("", "STRUCT")],
)
def test_a_text_of_another_type_is_no_output_parameter(text, kind):
    with pytest.raises(ValueError, match=r"no |invalid |Expecting "):
        values.parsed(text, values.Type.Value(kind))


def test_kubernetes_expands_variables_that_a_container_has():
    # Expand, third_party/forked/golang/expansion/expand.go of Kubernetes
    assert expanded("$(A) $$(A) $(B) $A", {"A": "a"}) == "a $(A) $(B) $A"
