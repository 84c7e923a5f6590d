"""A spec that is wrong becomes sentences that say how to mend it."""

import pytest


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("nmae=x", "nmae: unknown key. Known here: .*; did you mean 'name'?"),
        ("data.sorce=x", "data.sorce: unknown key. Known here: .*; did you mean 'source'?"),
        (
            "data.split={by='hash', train=0.5, eval=0.5, sede=1}",
            "data.split.sede: unknown key. Known here: train, valid, eval, seed, by; did you mean "
            "'seed'?",
        ),
        (
            "features.distance.untis=m",
            "features.distance.untis: unknown key. Known here: kind, unit, scale; did you mean "
            "'unit'?",
        ),
        (
            "model.hiden=[3]",
            "model.hiden: unknown key. Known here: family, hidden, .*; did you mean 'hidden'?",
        ),
        (
            "model={family='my_model.py:build', setings={}}",
            "model.setings: unknown key. Known here: family, settings; did you mean 'settings'?",
        ),
        (
            "evaluation.rules=[{metric='auc', mim=0.5}]",
            "evaluation.rules[0].mim: unknown key. Known here: metric, .*; did you mean 'min'?",
        ),
        (
            "validation.schem=x",
            "validation.schem: unknown key. Known here: schema, .*; did you mean 'schema'?",
        ),
        ("wholly.other=1", "wholly: unknown key. Known here: .*, kubeflow"),
    ],
)
def test_an_unknown_key_is_told_with_those_known_and_the_nearest(problems, override, problem):
    (said,) = problems(override)

    start, _, end = problem.partition(".*")
    assert said.startswith(start)
    assert said.endswith(end)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        (
            "features.distance.kind=numerik",
            "features.distance: got 'numerik', expected one of numeric, bucketized, categorical, "
            "hashed, text, timestamp; did you mean 'numeric'?",
        ),
        (
            "features.distance.scale=lgo",
            "features.distance.scale: got 'lgo', expected one of zscore, log; did you mean 'log'?",
        ),
        (
            "label.task=binry",
            "label.task: got 'binry', expected one of binary, multiclass, regression, quantile; "
            "did you mean 'binary'?",
        ),
        (
            "data.split={by='tmie'}",
            "data.split: got 'tmie', expected one of hash, group, time, column; did you mean "
            "'time'?",
        ),
        (
            "model.family=tabn",
            "model.family: got 'tabn', expected one of mlp, wide_and_deep, tabm; did you mean "
            "'tabm'?",
        ),
        (
            "evaluation.rules=[{metric='auk', min=0.5}]",
            "evaluation.rules[0].metric: got 'auk', expected one of auc, pr_auc, accuracy, "
            "log_loss, precision, recall, calibration, precision@..., recall@... for task "
            "'binary'; did you mean 'auc'?",
        ),
        (
            "validation.allow=[{anomaly='unseen_values', feature='carier'}]",
            "validation.allow: got feature 'carier', expected a column of this spec; did you mean "
            "'carrier'?",
        ),
    ],
)
def test_an_unknown_word_is_told_with_those_known_and_the_nearest(problems, override, problem):
    assert problems(override) == [problem]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("training.epochs=0", "training.epochs: got 0, expected greater than or equal to 1"),
        ("training.learning_rate=nan", "training.learning_rate: got nan, expected greater than 0"),
        ("training.batch_size=big", "training.batch_size: got 'big', expected a valid integer"),
        ("model.hidden=[8, 0]", "model.hidden[1]: got 0, expected greater than or equal to 1"),
        ("model=3", "model: got 3, expected "),
        ("features.distance={}", "features.distance: got {}, expected a table with 'kind'"),
        ("name=Flights", "name: got 'Flights', expected text like ^[a-z][a-z0-9-]{0,62}$"),
        (
            "label.classes=['a']",
            "label: task 'binary' takes exactly 2 classes, got ['a']. List the label's values",
        ),
        (
            "data.split={by='group', train=0.5, eval=0.5}",
            "data.split.column: is missing, and has no default",
        ),
        (
            "data.split={by='hash', train=0.9, eval=0.9}",
            "data.split: the shares of the splits sum to 1.8, expected 1 at most",
        ),
        (
            "data.split={by='time', column='t', train='2013', eval='2014-01-01/2015-01-01'}",
            "data.split.train: expected 'start/end' in ISO 8601, for example",
        ),
        (
            "evaluation.rules=[{metric='auc'}]",
            "evaluation.rules[0]: the rule bounds nothing: give min, max, change_min or change_max",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_what_was_expected(problems, override, problem):
    (said,) = problems(override)

    assert said.startswith(problem)


def test_a_long_value_is_cut(problems):
    (said,) = problems("training.steps=" + "x" * 100)

    # A quotation mark, 76 letters, and the dots: 80 characters.
    assert said.startswith(f"training.steps: got '{'x' * 76}..., expected a valid integer")


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("features={}", "features: none given. Name at least one column"),
        (
            "features.late={kind='categorical'}",
            "features.late: is the label; a model that is given the answer learns nothing",
        ),
        (
            "data.split={by='group', column='late', train=0.5, eval=0.5}",
            "data.split.column: 'late' is the label; split by another column",
        ),
        (
            "data.split={by='time', column='distance', train='2013-01-01/2013-01-02', "
            "eval='2013-01-03/2013-01-04'}",
            "data.split.column: 'distance' is a feature of kind 'numeric', expected 'timestamp' "
            "for a split by time",
        ),
        (
            "data.split={by='column', column='sched_dep'}",
            "data.split.column: 'sched_dep' is a feature of kind 'timestamp', expected "
            "'categorical' for a split by column",
        ),
        (
            "data.ignore=['carrier', 'year']",
            "data.ignore: 'carrier' is a feature too; keep one of the two",
        ),
        (
            "data.carry={carrier='text', year='number'}",
            "data.carry: 'carrier' is carried anyway; keep one of the two",
        ),
        (
            "features={'a b'={kind='numeric'}, 'a/b'={kind='numeric'}}",
            "features.a/b: is 'a_b' in serving, as 'a b' is; rename one",
        ),
        (
            "evaluation.slices=['distance']",
            "evaluation.slices: 'distance' is not a category; slice by columns of text, or give "
            "evaluation.buckets the numbers where ranges begin",
        ),
        (
            "evaluation.rules=[{metric='auc', slice=['carrier', 'late'], min=0.5}]",
            "evaluation.slices: 'late' is not a category; slice by columns of text",
        ),
        (
            "evaluation.rules=[{metric='rmse', max=1}]",
            "evaluation.rules[0].metric: got 'rmse', expected one of auc, pr_auc, accuracy, "
            "log_loss, precision, recall, calibration, precision@..., recall@... for task 'binary'",
        ),
        (
            "evaluation.metrics=['precision@1.5']",
            "evaluation.metrics[0]: got 'precision@1.5', expected precision@ with a threshold "
            "above 0 and below 1",
        ),
        (
            "evaluation.metrics=['accuracy@2']",
            "evaluation.metrics[0]: got 'accuracy@2', expected one of auc, pr_auc, accuracy, "
            "log_loss, precision, recall, calibration, precision@..., recall@... for task "
            "'binary'; did you mean 'accuracy'?",
        ),
        (
            "evaluation.weight='carrier'",
            "evaluation.weight: 'carrier' is not a column of numbers; carry it as 'number'",
        ),
        (
            "evaluation={slices=['carrier'], buckets={distance=[10]}}",
            "evaluation.buckets: 'distance' is in no slice; name it in evaluation.slices",
        ),
        (
            "evaluation={slices=['distance'], buckets={distance=[10, 5]}}",
            "evaluation.buckets.distance: got [10.0, 5.0], expected numbers in ascending order, "
            "for example [500, 1000]",
        ),
        (
            "evaluation={slices=['carrier'], buckets={carrier=[10]}}",
            "evaluation.buckets: 'carrier' is a column of text; only numbers have ranges",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_told(problems, override, problem):
    assert problems(override) == [problem]


@pytest.mark.parametrize("key", ["validation.schema", "model.family", "preprocessing.function"])
def test_a_file_that_is_not_beside_the_spec_is_told(folder, problems, key):
    name, suffix = ("schema.pbtx", "") if key == "validation.schema" else ("my_modle.py", ":build")
    near = "schema.pbtxt" if key == "validation.schema" else "my_model.py"

    assert problems(f"{key}={name}{suffix}") == [
        f"{key}: no file '{name}' in {folder}; did you mean '{near}'?"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("validation.schema", "/etc/hostname"),
        ("validation.schema", "../schema.pbtxt"),
        ("model.family", "../my_model.py:build"),
        ("preprocessing.function", "sub/../../x.py:f"),
    ],
)
def test_a_file_outside_the_folder_of_the_spec_is_refused(problems, key, value):
    name = value.partition(":")[0]

    assert problems(f"{key}={value}") == [
        f"{key}: {name!r} leaves the spec's folder; keep the file beside the spec"
    ]


def test_a_carried_column_is_not_ignored_and_is_sliced_or_split_by_only_as_its_kind_allows(
    problems,
):
    said = problems(
        "data.ignore=['tailnum']",
        "data.carry={tailnum='text', year='number', day='text'}",
        "data.split={by='time', column='day', train='2013-01-01/2013-01-02', "
        "eval='2013-01-03/2013-01-04'}",
        "evaluation.slices=['year']",
    )

    assert said == [
        "data.carry: 'day' is carried as 'text', expected 'time' for a split by time",
        "data.carry: 'tailnum' is ignored; keep one of the two",
        "evaluation.slices: 'year' is not a category; slice by columns of text, or give "
        "evaluation.buckets the numbers where ranges begin",
    ]


def test_all_problems_are_told_at_once(problems):
    said = problems("label.task=x", "features.distance.kind=numerik", "nam=x", "training.epochs=0")

    assert [line.partition(":")[0] for line in said] == [
        "label.task",
        "features.distance",
        "training.epochs",
        "nam",
    ]


def test_what_only_our_evaluator_knows_is_not_asked_of_that_of_tfx(problems):
    assert problems("stock=['Evaluator']", "evaluation.forced_by='anna: a drill'") == [
        "evaluation.forced_by: TFX's own Evaluator knows none; take it out of `stock`"
    ]
    assert problems("stock=['Evaluator']", "evaluation.min_slice_rows=2") == [
        "evaluation.min_slice_rows: TFX's own Evaluator knows none; take it out of `stock`"
    ]


def test_a_run_here_pushes_to_a_folder(problems):
    (said,) = problems("push.to=s3://models/flights", "push.keep=10")
    assert said.startswith("push.to: got 's3://models/flights', expected a folder, not s3://, ")
    assert "headrace promote --to s3://models/flights" in said

    (said,) = problems("push.keep=0")
    assert said.startswith("push.keep: got 0, expected ")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (
            "{formats=['litert', 'onxx']}",
            "export.formats[1]: got 'onxx', expected one of litert, litert-float16, litert-int8, "
            "onnx; did you mean 'onnx'?",
        ),
        ("{formats=['onnx', 'onnx']}", "export: formats must differ, got ['onnx', 'onnx']"),
        (
            "{formats=['litert-int8'], max_difference={litert-int=0.1}}",
            "export: max_difference: got 'litert-int', expected one of the formats that are asked "
            "for: litert-int8; did you mean 'litert-int8'?",
        ),
        (
            "{formats=['onnx'], max_difference={onnx=0}}",
            "export.max_difference.onnx: got 0, expected greater than 0",
        ),
    ],
)
def test_formats_and_their_bounds_are_those_there_are(problems, table, problem):
    assert problems(f"export={table}") == [problem]
