"""Reference scores of gradient-boosted trees on the data sets under data/.

    python benchmarks/reference/scores.py          # the committed samples: 10 seconds
    python benchmarks/reference/scores.py --full   # all rows of flights and diamonds: 1 minute

All rows are there once `python -m scripts.data.build NAME --full` has built them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import (
    average_precision_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import train_test_split

DATA = Path(__file__).resolve().parents[2] / "data"
SEED = 0
MAX_CATEGORIES = 254  # the trees take 255 values: the commonest 254, and one for the rest

SCHEDULE = ["sched_arr_minute", "distance", "carrier", "origin", "dest"]
CLOCK = ["minute", "weekday"]  # from sched_dep; month and day of the year are left out
WEATHER = [
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
]
PLANE = ["plane_year", "manufacturer", "model", "engines", "seats", "engine"]


def main() -> None:
    """Prints a line per data set and choice of features."""
    parser = argparse.ArgumentParser(description="Reference scores of gradient-boosted trees.")
    parser.add_argument("--full", action="store_true", help="score all rows, not the samples")
    full = parser.parse_args().full
    print("data set, rows to train on / to judge by | features | scores")
    print_flights(find("flights", full))
    print_penguins(find("penguins", full=False))
    print_diamonds(find("diamonds", full))


def find(name: str, full: bool) -> Path:
    """The sample's CSV, or that of all rows. Raises FileNotFoundError if it was not built yet."""
    path = DATA / name / ("full" if full else "") / f"{name}.csv"
    if not path.exists():
        command = f"python -m scripts.data.build {name}{' --full' if full else ''}"
        raise FileNotFoundError(f"There is no {path}. Build it first: {command}")
    return path


def print_flights(path: Path) -> None:
    """January to September trains, November and December judge."""
    flights = pd.read_csv(path, parse_dates=["sched_dep"])
    departure = flights["sched_dep"].dt
    flights["minute"] = departure.hour * 60 + departure.minute
    flights["weekday"] = departure.day_of_week
    train, judge = flights[departure.month <= 9], flights[departure.month >= 11]
    for features, columns in {
        "schedule": SCHEDULE + CLOCK,
        "schedule, weather, plane": SCHEDULE + CLOCK + WEATHER + PLANE,
    }.items():
        late = fit_classifier(train, judge, columns, "late")[:, 1]
        print(
            f"flights {len(train):,} / {len(judge):,} | {features} | "
            f"AUC {roc_auc_score(judge['late'], late):.3f}, "
            f"log loss {log_loss(judge['late'], late):.3f}, "
            f"accuracy {np.mean((late > 0.5) == judge['late']):.3f}, "
            f"AP {average_precision_score(judge['late'], late):.3f}"
        )


def print_penguins(path: Path) -> None:
    """Five random 80/20 splits, stratified by species."""
    penguins = pd.read_csv(path)
    columns = [name for name in penguins if name not in ("species", "year")]
    accuracies = []
    for seed in range(5):
        train, judge = train_test_split(
            penguins, test_size=0.2, random_state=seed, stratify=penguins["species"]
        )
        probability = fit_classifier(train, judge, columns, "species")
        species = np.unique(train["species"])[probability.argmax(axis=1)]
        accuracies.append(float(np.mean(species == judge["species"])))
    print(
        f"penguins {len(train)} / {len(judge)} | all but year | "
        f"accuracy {np.mean(accuracies):.3f} (five splits: "
        f"{', '.join(f'{accuracy:.3f}' for accuracy in accuracies)})"
    )


def print_diamonds(path: Path) -> None:
    """One random 80/20 split."""
    diamonds = pd.read_csv(path)
    columns = [name for name in diamonds if name != "price"]
    train, judge = train_test_split(diamonds, test_size=0.2, random_state=SEED)
    model = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=SEED)
    train_x, judge_x = encode(train, judge, columns)
    price = model.fit(train_x, train["price"]).predict(judge_x)
    print(
        f"diamonds {len(train):,} / {len(judge):,} | all | "
        f"RMSE {root_mean_squared_error(judge['price'], price):.0f} USD, "
        f"MAE {mean_absolute_error(judge['price'], price):.0f} USD, "
        f"R2 {r2_score(judge['price'], price):.3f}"
    )


def fit_classifier(
    train: pd.DataFrame, judge: pd.DataFrame, columns: Sequence[str], label: str
) -> np.ndarray:
    """Probabilities `(rows of judge, classes)`, classes in sorted order, from default trees."""
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=SEED)
    train_x, judge_x = encode(train, judge, columns)
    return model.fit(train_x, train[label]).predict_proba(judge_x)


def encode(
    train: pd.DataFrame, judge: pd.DataFrame, columns: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with text as categories known to `train`; all others and empty are missing."""
    text = [name for name in columns if not pd.api.types.is_numeric_dtype(train[name])]
    known = {name: train[name].value_counts().index[:MAX_CATEGORIES] for name in text}

    def encode_one(table: pd.DataFrame) -> pd.DataFrame:
        categories = {
            name: pd.Categorical(table[name].where(table[name].isin(values)), categories=values)
            for name, values in known.items()
        }
        return table[list(columns)].assign(**categories)

    return encode_one(train), encode_one(judge)


if __name__ == "__main__":
    main()
