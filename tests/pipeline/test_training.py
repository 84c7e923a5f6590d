"""What the spec says of training, and what of it is refused."""

import json

import pytest

MULTICLASS = "label={column='late', task='multiclass', classes=['a', 'b', 'c']}"
REGRESSION = "label={column='late', task='regression'}"
CONSTANT = "training.schedule='constant'"
LOSSES = (
    "binary_crossentropy, sparse_categorical_crossentropy, focal, quantile, mean_squared_error, "
    "mean_absolute_error, huber, log_cosh, mean_squared_logarithmic_error, poisson, distillation"
)


@pytest.mark.parametrize(
    ("key", "name"),
    [("loss", "focal"), ("optimizer", "lion"), ("schedule", "linear")],
)
def test_a_name_alone_takes_the_defaults_of_its_table(read, key, name):
    short = read(f"training.{key}={name}").training

    assert short == read(f"training.{key}={{name='{name}'}}").training
    assert getattr(short, key).name == name


def test_names_and_tables_may_stand_in_one_list(read):
    metrics = read("training.metrics=['recall', {name='auc', curve='pr'}]").training.metrics

    assert [(metric.name, getattr(metric, "curve", None)) for metric in metrics] == [
        ("recall", None),
        ("auc", "pr"),
    ]


def test_what_is_named_crosses_the_border_of_tfx_as_json(read):
    spec = read(
        "training.loss={name='distillation', teacher={family='mlp', hidden=[9]}, weight=0.25}",
        "training.optimizer={name='sgd', momentum=0.5}",
        "training.metrics=['f1']",
        "training.callbacks=[{name='early_stopping', monitor='val_f1'}]",
    ).learning()

    again = type(spec).model_validate_json(spec.model_dump_json())

    assert again == spec
    assert json.loads(again.model_dump_json())["training"]["loss"]["teacher"]["hidden"] == [9]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        (
            "training.loss=focl",
            f"training.loss: got 'focl', expected one of {LOSSES}; did you mean 'focal'?",
        ),
        (
            "training.loss={name='focal', gama=1}",
            "training.loss.gama: unknown key. Known here: name, gamma, alpha; did you mean "
            "'gamma'?",
        ),
        (
            "training.loss={name='focal', gamma=-1}",
            "training.loss.gamma: got -1, expected greater than or equal to 0",
        ),
        (
            "training.loss={name='focal', alpha=1.5}",
            "training.loss.alpha: got 1.5, expected a number from 0 to 1, the weight of the second "
            "of two classes, or a list with a weight for each class",
        ),
        (
            "training.loss={gamma=1}",
            "training.loss: got {'gamma': 1}, expected a table with 'name'",
        ),
        ("training.loss=3", "training.loss: got 3, expected a table"),
        ("training.loss=distillation", "training.loss.teacher: is missing, and has no default"),
        (
            "training.loss={name='distillation', teacher={family='mlpp'}}",
            "training.loss.teacher.family: got 'mlpp', expected one of mlp, wide_and_deep, tabm; "
            "did you mean 'mlp'?",
        ),
        (
            "training.loss={name='distillation', teacher={family='mlp', hiden=[1]}}",
            "training.loss.teacher.hiden: unknown key. Known here: family, hidden, dropout, "
            "embedding_size, l1, l2; did you mean 'hidden'?",
        ),
        (
            "training.optimizer={name='adam', beta1=0.5}",
            "training.optimizer.beta1: unknown key. Known here: name, beta_1, beta_2, epsilon, "
            "amsgrad; did you mean 'beta_1'?",
        ),
        (
            "training.optimizer={name='sgd', nesterov=true}",
            "training.optimizer: nesterov without momentum changes nothing: give momentum = 0.9",
        ),
        (
            "training.schedule=cosin",
            "training.schedule: got 'cosin', expected one of constant, cosine, exponential, "
            "piecewise, linear, polynomial, one_cycle; did you mean 'cosine'?",
        ),
        (
            "training.schedule={name='cosine', warmup=1}",
            "training.schedule.warmup: got 1, expected less than 1",
        ),
        (
            "training.schedule={name='piecewise', factors=[1, 0.1]}",
            "training.schedule: 2 boundaries part 3 factors, got 2",
        ),
        (
            "training.schedule={name='piecewise', boundaries=[0.5, 0.5]}",
            "training.schedule: boundaries must rise, got [0.5, 0.5]",
        ),
        ("training.metrics=auc", "training.metrics: got 'auc', expected a list"),
        (
            "training.metrics=['accuracy', {name='recall', treshold=0.1}]",
            "training.metrics[1].treshold: unknown key. Known here: name, threshold; did you mean "
            "'threshold'?",
        ),
        (
            "training.callbacks=['early_stoping']",
            "training.callbacks[0]: got 'early_stoping', expected one of early_stopping, "
            "reduce_lr_on_plateau, model_checkpoint, csv_logger, tensorboard; did you mean "
            "'early_stopping'?",
        ),
        (
            "training.callbacks=[{name='tensorboard', update_freq='bach'}]",
            "training.callbacks[0].update_freq: got 'bach', expected one of epoch, batch; did you "
            "mean 'batch'?",
        ),
    ],
)
def test_a_name_or_a_key_that_is_not_known_is_told(problems, override, problem):
    assert problems(override) == [problem]


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            ["training.loss=huber"],
            "training.loss: 'huber' is for task 'regression', and the label's task is 'binary'",
        ),
        (
            [REGRESSION, "training.loss=focal"],
            "training.loss: 'focal' is for task 'binary' or 'multiclass', and the label's task is "
            "'regression'",
        ),
        (
            ["training.loss={name='focal', alpha=[1, 1, 2]}"],
            "training.loss.alpha: got 3 weights, expected a list with one for each of the label's "
            "2 classes",
        ),
        (
            [MULTICLASS, "training.loss={name='focal', alpha=0.25}"],
            "training.loss.alpha: got 1 weight, expected a list with one for each of the label's "
            "3 classes",
        ),
        (
            [
                REGRESSION,
                "training.loss={name='distillation', temperature=3, teacher={family='mlp'}}",
            ],
            "training.loss.temperature: softens probabilities, and the label's task is "
            "'regression'; leave it out",
        ),
        (
            ["training.metrics=['rmse']"],
            "training.metrics[0]: 'rmse' is for task 'regression', and the label's task is "
            "'binary'",
        ),
        (
            ["training.metrics=['f1', {name='f1', threshold=0.1}]"],
            "training.metrics[1]: 'f1' is there twice; keep one of the two",
        ),
        (
            [MULTICLASS, "training.metrics=[{name='top_k', k=3}]"],
            "training.metrics[0].k: got 3, expected less than the label's 3 classes; every class "
            "would be right",
        ),
        (
            [MULTICLASS, "training.metrics=[{name='f1', threshold=0.1}]"],
            "training.metrics[0].threshold: of several classes the likeliest is taken; leave it "
            "out",
        ),
        (
            ["training.callbacks=[{name='model_checkpoint', monitor='kappa'}]"],
            "training.callbacks[0].monitor: got 'kappa', expected one of val_loss, val_auc, "
            "val_accuracy, loss, auc, accuracy. Others are added by training.metrics",
        ),
        (
            [
                "training.metrics=['recall']",
                "training.callbacks=[{name='model_checkpoint', monitor='val_recal'}]",
            ],
            "training.callbacks[0].monitor: got 'val_recal', expected one of val_loss, val_auc, "
            "val_accuracy, val_recall, loss, auc, accuracy, recall; did you mean 'val_recall'? "
            "Others are added by training.metrics",
        ),
        (
            ["training.callbacks=['csv_logger', 'csv_logger']"],
            "training.callbacks[1]: 'csv_logger' is there twice; keep one of the two",
        ),
        (
            ["training.callbacks=[{name='early_stopping', start_from_epoch=20}]"],
            "training.callbacks[0].start_from_epoch: got 20, expected less than training.epochs, "
            "20; no epoch would be looked at",
        ),
        (
            ["training.callbacks=['reduce_lr_on_plateau']"],
            "training.callbacks[0]: 'reduce_lr_on_plateau' sets the learning rate, and so does "
            "schedule 'cosine'; leave one out, or say training.schedule = 'constant'",
        ),
        (
            [CONSTANT, "training.callbacks=[{name='reduce_lr_on_plateau', patience=4}]"],
            "training.callbacks[0].patience: got 4, expected less than the 4 of early_stopping, "
            "which would always end training first",
        ),
    ],
)
def test_what_does_not_go_together_is_told(problems, overrides, problem):
    assert problems(*overrides) == [problem]


@pytest.mark.parametrize(
    "overrides",
    [
        ["training.loss={name='focal', alpha=0.25}"],
        [MULTICLASS, "training.loss={name='focal', alpha=[1, 2, 3]}"],
        [REGRESSION, "training.loss={name='distillation', teacher={family='mlp'}}"],
        ["training.metrics=['auc', {name='auc', curve='pr'}]"],
        [MULTICLASS, "training.metrics=['f1', {name='top_k', k=2}]"],
        [
            "training.metrics=[{name='auc', curve='pr'}]",
            "training.callbacks=[{name='early_stopping', monitor='val_pr_auc'}]",
        ],
        [CONSTANT, "training.callbacks=['reduce_lr_on_plateau']"],
        [
            CONSTANT,
            "training.callbacks=[{name='reduce_lr_on_plateau', patience=9, monitor='loss'}]",
        ],
        ["training.steps=9", "training.callbacks=[{name='early_stopping', start_from_epoch=20}]"],
    ],
)
def test_what_goes_together_is_taken(read, overrides):
    read(*overrides)


def test_a_cross_of_what_is_no_category_is_told_before_anything_runs(problems):
    crosses = "crosses=[['carier', 'distance']]"
    said = problems(f"model={{family='wide_and_deep', {crosses}}}")

    assert said[0].startswith("model.crosses: 'carier' is no feature, expected one of ")
    assert said[0].endswith(": categories and buckets; did you mean 'carrier'?")
    assert said[1].startswith("model.crosses: 'distance' is of kind 'numeric', expected one of ")
    assert len(said) == 2
