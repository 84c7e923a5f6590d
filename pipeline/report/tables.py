"""What a report lists, as pandas' tables; what is not known is NaN, or None among texts."""

import dataclasses

import pandas as pd

from pipeline.report.charts.evaluation import outcome_of, slice_name
from pipeline.report.facts.data import Data, Feature
from pipeline.report.facts.distributions import Distance
from pipeline.report.facts.evaluation import Evaluation
from pipeline.report.facts.wrong import Row

_NUMBERS = ("mean", "std dev", "min", "median", "max", "zeros")  # as in column.py


def metrics(found: Evaluation) -> pd.DataFrame:
    """Each metric on all rows.

    Returns:
        By `metric`, float64: `value`, `low` and `high` (the ends of its 95 % interval),
        `constant` (what the same prediction for every row would get), `baseline`, `change` (from
        the baseline).
    """
    known = found.overall.metrics if found.overall else {}
    rows = [
        (
            each.value,
            *(each.interval or (None, None)),
            found.constant.get(name),
            each.baseline,
            each.change,
        )
        for name, each in known.items()
    ]
    columns = ["value", "low", "high", "constant", "baseline", "change"]
    return pd.DataFrame(rows, _index("metric", list(known)), columns, dtype="float64")


def slices(found: Evaluation) -> pd.DataFrame:
    """Each slice, the worst first, as many as the page has.

    Returns:
        By `slice` (`carrier = UA, origin = EWR`): `rows` Int64, `outcome` object (of its rules:
        `holds`, `broken`, `not judged` or `no rule`), then float64 a metric.
    """
    index = _index("slice", [slice_name(each) for each in found.slices])
    known = list(dict.fromkeys(name for each in found.slices for name in each.metrics))
    told = pd.DataFrame(
        {
            "rows": pd.array([each.rows for each in found.slices], dtype="Int64"),
            "outcome": pd.array([outcome_of(each) for each in found.slices], dtype="object"),
        },
        index,
    )
    values = [
        [each.metrics[name].value if name in each.metrics else None for name in known]
        for each in found.slices
    ]
    return pd.concat([told, pd.DataFrame(values, index, known, dtype="float64")], axis=1)


def features(data: Data) -> pd.DataFrame:
    """Each column of the data in each split, those first that differ most.

    Returns:
        By `feature` and `split`: `role` and `unit` object (a role is a kind of the spec, `label`
        or `carried`), `rows` int64, `distinct` Int64 (of text), and float64: `missing` (a share),
        of numbers `mean`, `std_dev`, `min`, `median`, `max` in the unit and `zeros` (a share);
        `shift_...`, how far it is from train, and `drift_...`, from the same split of the earlier
        run, each `l_infinity`, `jensen_shannon` and `psi`.
    """
    rows = [_feature(each, split) for each in data.features for split in each.splits]
    index = ["feature", "split"]
    columns = [*index, *_feature_dtypes()]
    return pd.DataFrame(rows, columns=columns).astype(_feature_dtypes()).set_index(index)


def _feature(one: Feature, split: str) -> list[object]:
    column = one.splits[split]
    return [
        *(one.name, split, one.role, one.unit, column.rows, column.distinct, column.missing),
        *(column.numbers.get(name) for name in _NUMBERS),
        *_distances(one.shifts.get(split)),
        *_distances(one.drifts.get(split)),
    ]


def _feature_dtypes() -> dict[str, str]:
    measures = [each.name for each in dataclasses.fields(Distance)]
    numbers = [
        "missing",
        *(name.replace(" ", "_") for name in _NUMBERS),
        *(f"{which}_{measure}" for which in ("shift", "drift") for measure in measures),
    ]
    told = {"role": "object", "unit": "object", "rows": "int64", "distinct": "Int64"}
    return told | dict.fromkeys(numbers, "float64")


def _distances(found: Distance | None) -> tuple[float | None, ...]:
    return dataclasses.astuple(found) if found else (None,) * len(dataclasses.fields(Distance))


def wrong(rows: list[Row]) -> pd.DataFrame:
    """The rows that the model is most wrong about, the worst first.

    Returns:
        `loss` float64; `label` object, or float64 of numbers; `prediction` float64, or a list
        where the model gives several numbers; then the columns as they were read, one that is
        called `label` being `label_read`.
    """
    alone = all(len(each.prediction) == 1 for each in rows)
    told = pd.DataFrame(
        {
            "loss": pd.Series([each.loss for each in rows], dtype="float64"),
            "label": pd.Series([each.label for each in rows]),
            "prediction": pd.Series(
                [each.prediction[0] if alone else each.prediction for each in rows],
                dtype="float64" if alone else "object",
            ),
        }
    )
    read = pd.DataFrame([each.row for each in rows])
    return pd.concat([told, read.rename(columns={name: f"{name}_read" for name in told})], axis=1)


def _index(name: str, values: list[str]) -> pd.Index:
    return pd.Index(values, dtype="object", name=name)
