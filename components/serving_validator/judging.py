"""Whether what a model answered, and what it took, lets it be pushed."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence

import numpy as np

from components.serving_validator import declared
from components.serving_validator.answers import Answers, Tensor
from components.serving_validator.config import ServingSettings
from components.serving_validator.failing import failed
from components.serving_validator.probe import SCORING, TRANSFORMING
from modules.export import prediction_key
from modules.preprocessing import transformed
from modules.training.difference import largest_difference
from modules.training.kept import Kept
from modules.training.parity import BOUNDS

# Between two ways to ask the same model in float32: another order of the same sums.
SAME = BOUNDS["float32"]


@dataclasses.dataclass(frozen=True)
class Case:
    """One model, all that was found out about it, and what is expected of it."""

    answers: Answers
    settings: ServingSettings
    kept: Kept  # of the Trainer

    @functools.cached_property
    def wrong(self) -> dict[str, list[str]]:
        """Signatures that are not as declared; nothing more is said of these."""
        found = self.answers.told.signatures
        return declared.problems(found, self.settings.interface)

    @property
    def prediction(self) -> str:
        """The output that is compared."""
        return prediction_key(self.settings.interface.label)

    def predictions(self, signature: str, how: str) -> np.ndarray | None:
        """What a signature predicted; None if it did not, or in another shape."""
        found = self.answers.tensors.get((signature, how), {}).get(self.prediction)
        return None if signature in self.wrong or found is None or found.ndim != 2 else found


def refusals(case: Case) -> list[str]:
    """A sentence for each reason not to push the model; empty if there is none."""
    failures = case.answers.told.failures
    if any(failure.where == "model" for failure in failures):  # it could not even be loaded
        return [failed(failure) for failure in failures]
    wrong = case.wrong
    sentences = [sentence for of_one in wrong.values() for sentence in of_one]
    sentences += [failed(failure) for failure in failures if failure.where not in wrong]
    for signature in (*SCORING, TRANSFORMING):
        if signature not in wrong:
            sentences += _of_answers(case, signature)
    sentences += _of_agreement(case)
    sentences += _of_trainer(case)
    sentences += _over_budget(case)
    return sentences


def _of_answers(case: Case, signature: str) -> Iterator[str]:
    """What is wrong with the answers themselves: type, shape, numbers that are none."""
    columns = list(case.settings.interface.columns)
    label = transformed(case.settings.interface.label.column)  # of rows that come without one
    wanted = declared.expected(case.settings.interface)[signature].outputs
    for how, rows in (("batch", None), ("single", None), ("missing", [*columns, "every feature"])):
        for name, found in case.answers.tensors.get((signature, how), {}).items():
            tensor = Tensor(dtype=_dtype(found), shape=found.shape)
            if name in wanted and not declared.fits(tensor, wanted[name]):
                yield (
                    f"{signature}: {name!r} came as {tensor} ({_asked(how)}), expected "
                    f"{wanted[name]}. Let the model's last layer give that"
                )
            elif name != label and not np.issubdtype(found.dtype, np.bytes_):
                yield from _not_finite(f"{signature}: {name!r}", found, how, rows)


def _not_finite(
    what: str, found: np.ndarray, how: str, missing: Sequence[str] | None
) -> Iterator[str]:
    rows = np.atleast_1d(found)
    bad = np.flatnonzero(~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1))
    if not len(bad):
        return
    first = rows[bad[0]].ravel()
    value = first[~np.isfinite(first)][0]
    if missing is None:
        where = f"for {len(bad)} of {len(rows)} rows ({_asked(how)}), first row {bad[0] + 1}"
    else:
        where = f"when {', '.join(missing[place] for place in bad[:5])} is missing"
        where += f", and so for {len(bad) - 5} more" if len(bad) > 5 else ""
    yield (
        f"{what} is {value} {where}; expected a finite number. Look in the model and the "
        f"preprocessing for a division, a logarithm or a root of what can be 0 or missing"
    )


def _asked(how: str) -> str:
    return {"batch": "all at once", "single": "one by one", "missing": "features missing"}[how]


def _dtype(array: np.ndarray) -> str:
    return "string" if np.issubdtype(array.dtype, np.bytes_) else array.dtype.name


def _of_agreement(case: Case) -> Iterator[str]:
    """Whether one question has one answer, however it is asked."""
    for how in ("batch", "missing"):
        one, other = (case.predictions(signature, how) for signature in SCORING)
        yield from _apart(
            f"serving_default and serving_raw ({_asked(how)})",
            (one, other),
            case,
            "Both must read a missing value alike, and go through one transform graph",
        )
    for signature in SCORING:
        single, batch = case.predictions(signature, "single"), case.predictions(signature, "batch")
        if single is not None and batch is not None:
            yield from _apart(
                f"{signature}: rows asked one by one and all at once",
                (single, batch[: len(single)]),
                case,
                "A row's prediction must not depend on its neighbours: look for a layer that is "
                "still training, as batch normalization, or one that mixes rows",
            )


def _apart(
    what: str,
    both: tuple[np.ndarray | None, np.ndarray | None],
    case: Case,
    mend: str,
) -> Iterator[str]:
    one, other = both
    if one is None or other is None:
        return
    if one.shape != other.shape:
        yield f"{what}: the answers have shapes {one.shape} and {other.shape}, expected equal ones"
        return
    largest = largest_difference(one, other, case.kept.head)
    if largest > SAME:  # NaN is told of elsewhere
        yield (
            f"{what}: {case.prediction!r} differs by {largest:.3g} in {len(one)} rows, expected "
            f"{SAME:g} at most. {mend}"
        )


def of_trainer(case: Case) -> tuple[int, float] | None:
    """How many rows were compared with the Trainer's predictions, and the largest difference."""
    search, scored = case.answers.told.search, case.predictions("trainer", "batch")
    if search is None or scored is None:
        return None
    trained = case.kept.predictions[list(search.found)]
    if trained.shape != scored.shape:
        return None  # told of as another shape than declared
    return len(scored), largest_difference(trained, scored, case.kept.head)


def _of_trainer(case: Case) -> Iterator[str]:
    search, compared = case.answers.told.search, of_trainer(case)
    if search is None:
        return  # a signature lacks or failed, which is told
    lost = search.kept - len(search.found)
    if lost and search.exhausted:
        yield (
            f"transform_features: of {search.kept} rows that the Trainer saw, {lost} come out of "
            f"none of {search.searched:,} raw rows, expected all. The model was exported with "
            f"another transform graph than it was trained behind, or with one that is random: "
            f"make the preprocessing a function of the row alone, and train again"
        )
    if compared and not compared[1] <= case.kept.bound:
        rows, largest = compared
        yield (
            f"serving_default: {case.prediction!r} differs by {largest:.3g} from what the Trainer "
            f"predicted for the same {rows} rows, expected {case.kept.bound:g} at most after "
            f"training in {case.kept.precision}. What is served is not what was trained: look for "
            f"state that the export does not hold"
        )


def of_server(
    case: Case, signature: str, way: str, outputs: dict[str, np.ndarray]
) -> Iterator[str]:
    """Whether a model server answers what the model answered without it.

    Args:
        case: of the model.
        signature: that was asked, all rows at once.
        way: `REST` or `gRPC`.
        outputs: by name.
    """
    what = f"tensorflow_model_server: {signature} over {way}"
    answered = outputs.get(case.prediction, outputs.get(""))  # REST does not name a single one
    if answered is None:
        yield f"{what}: answered {', '.join(outputs)}, expected {case.prediction!r} among these"
        return
    yield from _apart(
        f"{what} and without a server",
        (answered, case.predictions(signature, "batch")),
        case,
        "See that the server's version is that of TensorFlow here",
    )


def _over_budget(case: Case) -> Iterator[str]:
    """What took more than the spec allows."""
    told, budget = case.answers.told, case.settings.serving
    startup = case.answers.startup_seconds
    if budget.max_startup_seconds and startup and startup > budget.max_startup_seconds:
        yield (
            f"model: took {startup:.2f} s to load and answer once, expected "
            f"{budget.max_startup_seconds:g} s at most. Make the model smaller, or raise "
            f"serving.max_startup_seconds"
        )
    for signature, calls in told.calls.items():
        for share, limit in ((50, budget.max_p50_ms), (95, budget.max_p95_ms)):
            took = calls.percentile(share)
            if limit and took > limit:
                yield (
                    f"{signature}: {share} % of {len(calls.single_ms)} calls with one row took up "
                    f"to {took:.2f} ms, expected {limit:g} ms at most. Make the model faster, or "
                    f"raise serving.max_p{share}_ms"
                )
    if budget.max_memory_mb and told.peak_memory_mb and told.peak_memory_mb > budget.max_memory_mb:
        yield (
            f"model: its process took up to {told.peak_memory_mb:,.0f} MB, TensorFlow included, "
            f"expected {budget.max_memory_mb:g} MB at most. Make the model smaller, or raise "
            f"serving.max_memory_mb"
        )
