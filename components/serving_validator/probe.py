"""Calls an exported model as a server would: with TensorFlow, and with nothing of ours.

Started as a script, `python -I probe.py REQUEST`, so it can import the standard library, NumPy and
TensorFlow only. The request is a JSON object that names files; `asking.py` writes it. Answers go
to the folder that it names: `answers.json` as `answers.py` reads it, and tensors to `answers.npz`.
What fails is noted, not raised; `step.txt` says what was under way.
"""

import functools
import itertools
import json
import pathlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

# Installed beside TensorFlow, perhaps, but not in a server.
MISSING = (
    *("pipeline", "components", "modules"),
    *("keras", "tf_keras", "tensorflow_transform", "tensorflow_text", "tensorflow_hub"),
    *("tfx", "tfx_bsl", "apache_beam", "pydantic", "pyarrow"),
)
SCORING = ("serving_default", "serving_raw")
TRANSFORMING = "transform_features"
ANSWERS, TENSORS, STEP = "answers.json", "answers.npz", "step.txt"
_SINGLE_CALLS = 100
_FEWEST_CALLS = 5  # of a slow model
_SECONDS_OF_CALLS = 10
_SEARCHED_AT_ONCE = 4096  # rows
_LEAST_SEARCHED = 32_768  # rows; then it is enough to have found some
_ENOUGH_FOUND = 32
_ALIKE = 1e-5  # of 1 + the size: what another order of sums makes of a transformed number


class Answers:
    """What is known so far; written again after each step, for the next may end the process."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.step = "starting"
        self.told: dict[str, Any] = {"failures": [], "signatures": {}, "calls": {}}
        self.tensors: dict[tuple[str, str, str], np.ndarray] = {}

    def attempt(self, where: str, what: Callable[[], None]) -> bool:
        """Does something; whether it worked. `where` is a signature, or `model`."""
        try:
            what()
        except Exception as error:
            message = f"{type(error).__name__}: {error}"[:4000]
            failure = {"where": where, "step": self.step, "message": message}
            self.told["failures"].append(failure)
            return False
        finally:
            self.write()
        return True

    def under_way(self, step: str) -> None:
        """Notes what is done now."""
        self.step = step
        (self.folder / STEP).write_text(step, encoding="utf-8")

    def keep(self, signature: str, how: str, outputs: Mapping[str, np.ndarray]) -> None:
        """Keeps what a signature answered; text as bytes of fixed length, which need no pickle."""
        for name, array in outputs.items():
            plain = array.astype("S") if array.dtype == object else array
            self.tensors[signature, how, name] = plain

    def write(self) -> None:
        """Writes both files, the one that is read first last."""
        names = list(self.tensors)
        arrays: dict[str, Any] = {
            f"t{place}": self.tensors[name] for place, name in enumerate(names)
        }
        np.savez(self.folder / TENSORS, **arrays)
        text = json.dumps({**self.told, "tensors": names})
        (self.folder / ANSWERS).write_text(text, encoding="utf-8")


def main(request_file: str) -> None:
    """Does all that the request asks."""
    hide()
    request = json.loads(pathlib.Path(request_file).read_text(encoding="utf-8"))
    answers = Answers(pathlib.Path(request["folder"]))
    answers.under_way("importing TensorFlow")
    import tensorflow as tf

    answers.told["tensorflow"] = tf.__version__
    asked = _asked(request)
    model = _loaded(request["model"], answers)
    if model is None:
        return
    signatures = {name: model.signatures[name] for name in asked if name in model.signatures}
    answers.told["signatures"] = {name: _described(each) for name, each in model.signatures.items()}
    for name, signature in signatures.items():
        ask = _score if name in SCORING else _transform
        answers.attempt(name, functools.partial(ask, answers, name, signature, asked[name]))
    answers.told |= _memory()
    answers.write()
    can_search = TRANSFORMING in signatures and "serving_default" in signatures
    if can_search and not answers.told["failures"]:
        answers.under_way("looking for the rows that the Trainer kept")
        answers.attempt("trainer", lambda: _search(answers, signatures, request))


def hide() -> None:
    """Makes what a server has not impossible to import."""
    for name in MISSING:
        sys.modules[name] = None  # type: ignore[assignment]  # so Python has it


def _asked(request: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """What each signature is given: by signature, then `batch` and `missing`, tensors by name."""
    import tensorflow as tf

    asked: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in (*SCORING, TRANSFORMING)}
    for how, files in request["asked"].items():
        examples = tf.constant(list(_examples([files["examples"]])), tf.string)
        asked["serving_default"][how] = asked[TRANSFORMING][how] = {"examples": examples}
        with np.load(files["raw"], allow_pickle=False) as arrays:
            asked["serving_raw"][how] = {
                name: tf.constant(arrays[f"t{place}"]) for place, name in enumerate(files["names"])
            }
    return asked


def _examples(files: list[str]) -> Iterator[bytes]:
    import tensorflow as tf

    for file in files:
        compression = "GZIP" if file.endswith(".gz") else ""
        yield from tf.data.TFRecordDataset(file, compression).as_numpy_iterator()


def _loaded(folder: str, answers: Answers) -> Any:
    """The model, or None where it cannot be loaded."""
    import tensorflow as tf

    loaded: list[Any] = []
    answers.under_way("loading the model")
    started = time.perf_counter()
    if not answers.attempt("model", lambda: loaded.append(tf.saved_model.load(folder))):
        return None
    answers.told["load_seconds"] = time.perf_counter() - started
    return loaded[0]


def _described(signature: Any) -> dict[str, Any]:
    """The tensors that a signature declares, by name: dtype, and shape with None for any."""

    def tensors(specs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {
                "dtype": spec.dtype.name,
                "shape": None if spec.shape.rank is None else spec.shape.as_list(),
            }
            for name, spec in specs.items()
        }

    _, inputs = signature.structured_input_signature
    return {"inputs": tensors(inputs), "outputs": tensors(signature.structured_outputs)}


def _score(answers: Answers, name: str, signature: Any, asked: dict[str, dict[str, Any]]) -> None:
    """Calls a signature with rows one by one, together, and with features missing."""
    arguments = asked["batch"]
    rows = len(next(iter(arguments.values())))
    singles = [
        {key: tensor[place : place + 1] for key, tensor in arguments.items()}
        for place in range(min(rows, _SINGLE_CALLS))
    ]
    answers.under_way(f"calling {name} with one row")
    started = time.perf_counter()
    outputs = [_call(signature, singles[0])]
    first = time.perf_counter() - started
    single_ms: list[float] = []
    for place in range(_SINGLE_CALLS):
        seconds = time.perf_counter() - started
        if place >= _FEWEST_CALLS and seconds > _SECONDS_OF_CALLS:
            break
        called = time.perf_counter()
        outputs.append(_call(signature, singles[place % len(singles)]))
        single_ms.append(1000 * (time.perf_counter() - called))
    calls = {"first_seconds": first, "single_ms": single_ms, "rows": rows}
    answers.told["calls"][name] = calls
    answers.keep(name, "single", _joined(outputs[1 : 1 + len(singles)]))
    answers.under_way(f"calling {name} with {rows} rows at once")
    answers.keep(name, "batch", _call(signature, arguments))
    called = time.perf_counter()
    _call(signature, arguments)
    calls["batch_ms"] = 1000 * (time.perf_counter() - called)
    answers.under_way(f"calling {name} with features missing")
    answers.keep(name, "missing", _call(signature, asked["missing"]))


def _call(signature: Any, arguments: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in signature(**arguments).items()}


def _joined(outputs: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {
        name: np.concatenate([np.atleast_1d(each[name]) for each in outputs]) for name in outputs[0]
    }


def _transform(
    answers: Answers, name: str, signature: Any, asked: dict[str, dict[str, Any]]
) -> None:
    answers.under_way(f"calling {name}, also with features missing")
    for how, arguments in asked.items():
        answers.keep(name, how, _call(signature, arguments))


def _memory() -> dict[str, float]:
    """What this process takes now, and the most it took, in MB; the kernel's KB are KiB."""
    lines = pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    return {
        name: int(status[key].split()[0]) * 1024 / 1e6
        for name, key in (("memory_mb", "VmRSS"), ("peak_memory_mb", "VmHWM"))
    }


def _search(answers: Answers, signatures: dict[str, Any], request: dict[str, Any]) -> None:
    """Scores raw rows that the transform graph makes equal to those that the Trainer kept.

    Which raw row a transformed one was is not written anywhere; that it comes out of the served
    graph again is worth knowing, too.
    """
    import tensorflow as tf

    with np.load(request["kept"], allow_pickle=False) as arrays:
        names = json.loads(str(arrays["facts"]))["columns"]
        kept = _flat([arrays[f"column_{place}"] for place in range(len(names))])
    wanted, searched, exhausted = set(range(len(kept))), 0, False
    found: list[int] = []
    scores: list[dict[str, np.ndarray]] = []
    examples = _examples(request["watched"])
    while wanted and not (searched >= _LEAST_SEARCHED and len(found) >= _ENOUGH_FOUND):
        batch = list(itertools.islice(examples, _SEARCHED_AT_ONCE))
        exhausted = not batch
        if exhausted:
            break
        searched += len(batch)
        made = _call(signatures[TRANSFORMING], {"examples": tf.constant(batch)})
        pairs = _alike(kept, _flat([made[name] for name in names]), sorted(wanted))
        if pairs:
            raw = tf.constant([batch[place] for _, place in pairs])
            scores.append(_call(signatures["serving_default"], {"examples": raw}))
            found += [index for index, _ in pairs]
            wanted -= set(found)
    answers.told["search"] = {
        "kept": len(kept),
        "found": found,
        "searched": searched,
        "exhausted": exhausted,
    }
    if scores:
        answers.keep("trainer", "batch", _joined(scores))


def _flat(columns: list[np.ndarray]) -> np.ndarray:
    """Columns side by side: float64 `(rows, all widths)`."""
    return np.concatenate([each.reshape(len(each), -1).astype(float) for each in columns], axis=1)


def _alike(kept: np.ndarray, made: np.ndarray, wanted: list[int]) -> list[tuple[int, int]]:
    """For each kept row that is wanted, the first of the rows made that equals it, if one does.

    Rows that are alike are alike in a weighted sum of their columns: few pairs are left to compare.
    """
    weights = np.random.default_rng(0).uniform(0.5, 1.5, kept.shape[1])
    bounds = _ALIKE * (1 + np.abs(kept))
    sums, bounds_of_sums, sums_made = kept @ weights, bounds @ weights, made @ weights
    pairs = []
    for index in wanted:
        near = np.flatnonzero(np.abs(sums_made - sums[index]) <= bounds_of_sums[index])
        same = (np.abs(made[near] - kept[index]) <= bounds[index]).all(axis=1)
        if same.any():
            pairs.append((index, int(near[same.argmax()])))
    return pairs


if __name__ == "__main__":
    main(sys.argv[1])
