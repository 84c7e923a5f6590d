"""When each node ran, and how a training went."""

from collections.abc import Sequence
from typing import Literal

from pipeline.history.showing import ShownNode
from pipeline.local.display.wording import duration, memory
from pipeline.report.charts.vega import Chart, Spec, Values, colored, layered, line, name, number
from pipeline.report.facts.training import Record, Training

_STATES = {
    "ran": "var(--accent)",
    "cached": "var(--quiet)",
    "failed": "var(--bad)",
    "running": "var(--middle)",
}
_OVER_STEPS = {
    "learning_rate": "Learning rate",
    "gradient_norm": "Gradient norm",
    "examples_per_second": "Examples a second",
}
_EPOCHS = 8  # that are named on an axis, at most
_KEPT = "its weights were kept"
_SINCE = "seconds since the run began"
_LEARNED, _WATCHED = "train", "watched"
_SERIES = {_LEARNED: "var(--quiet)", _WATCHED: "var(--accent)"}


def gantt(nodes: Sequence[ShownNode], seconds: float | None) -> Chart | None:
    """When each node ran, for how long, and what memory it took."""
    known = [node for node in nodes if node.state != "skipped" and node.started is not None]
    if not known:
        return None
    total = max([seconds or 0, *(_end(node) for node in known)]) or 1
    values: Values = [
        {
            "node": node.name,
            "start": node.started,
            "end": max(_end(node), (node.started or 0) + total * 0.004),  # to be seen
            "state": "cached" if node.cached else "ran" if node.state == "done" else node.state,
            "label": "cached"
            if node.cached
            else " · ".join(filter(None, [duration(node.seconds), memory(node.peak_mb)])),
            "room": total * 1.2,
        }
        for node in known
    ]
    states = {each["state"] for each in values}
    shown = {state: color for state, color in _STATES.items() if state in states}
    y = name("node", axis={"domain": False, "ticks": False, "labelColor": "var(--ink)"})
    spec = layered(
        {
            "mark": {"type": "bar", "height": 11, "cornerRadius": 2},
            "encoding": {
                "x": number("start", _SINCE),
                "x2": {"field": "end"},
                "y": y,
                "color": colored("state", shown, legend=len(shown) > 1),
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "color": "var(--muted)"},
            "encoding": {"x": number("end", _SINCE), "y": y, "text": {"field": "label"}},
        },
        {
            "mark": {"type": "point", "opacity": 0},  # room for the last label
            "encoding": {"x": number("room", _SINCE), "y": y},
        },
        height=22 * len(values),
    )
    return Chart("gantt", "When each node ran, and the memory it took at most", spec, values)


def _end(node: ShownNode) -> float:
    return (node.started or 0) + node.seconds


def of_training(training: Training) -> list[Chart]:
    """Loss and metrics, what was trained on beside what was watched; then what goes by steps."""
    charts = [_loss(training)]
    charts += [_metric(training, each) for each in training.metrics if each != "loss"]
    for key, title in _OVER_STEPS.items():
        values = _points(training.steps, "step", key)
        if values:
            name = _telling_restarts(training, f"{title}, by step")
            charts.append(Chart(f"steps-{key}", name, _by_step(training), values))
    return charts


def _loss(training: Training) -> Chart:
    values = _points(training.steps, "step", "loss", _LEARNED)
    values += _points(training.epochs, "step", "val_loss", _WATCHED)
    best: Values = [
        {"x": each.get("step"), "text": f"best epoch {each.get('epoch')}", "why": _KEPT}
        for each in training.epochs[training.best_epoch - 1 : training.best_epoch]
    ]
    drawn = line(number("x", "step"), _wide("y"), colored("series", _SERIES))
    spec = layered(drawn, *_marked(best, "step", "var(--middle)", 8), *_restarts(training, "step"))
    title = "Loss by step: trained on, and watched; the best epoch is marked"
    return Chart("loss", _telling_restarts(training, title), spec, values)


def _metric(training: Training, metric: str) -> Chart:
    values = _points(training.epochs, "epoch", metric, _LEARNED)
    values += _points(training.epochs, "epoch", f"val_{metric}", _WATCHED)
    drawn = line(
        _epochs(len(training.epochs)),
        _wide("y"),
        colored("series", _SERIES),
        point={"size": 18},
    )
    spec = layered(drawn, *_restarts(training, "epoch"))
    title = _telling_restarts(training, f"{metric} by epoch")
    return Chart(f"metric-{metric}", title, spec, values)


def _by_step(training: Training) -> Spec:
    drawn = line(number("x", "step"), _wide("y"), strokeWidth=1.25)
    return layered(drawn, *_restarts(training, "step"), height=120)


def _telling_restarts(training: Training, title: str) -> str:
    return f"{title}; R: restarts, as listed" if training.restarted_at else title


def _restarts(training: Training, axis: Literal["step", "epoch"]) -> list[Spec]:
    """Marks where the training went on, with its numbers in the list."""
    values: Values = [
        {
            "x": restarts[0].step if axis == "step" else restarts[0].epoch,
            "text": f"R{first}" + (f"-R{first + len(restarts) - 1}" if len(restarts) > 1 else ""),
            "why": "; ".join(each.reason for each in restarts),
        }
        for first, restarts in training.restarted_at
    ]
    return _marked(values, axis, "var(--warn)", -6)


def _marked(values: Values, axis: str, color: str, y: int) -> list[Spec]:
    """Dashed rules across the curves, with `text` beside them and `why` for who points there."""
    if not values:
        return []  # Vega warns of an axis without values
    tooltip = [{"field": "text", "title": " "}, {"field": "x", "title": axis}, {"field": "why"}]
    encoding = {"x": number("x", axis), "tooltip": tooltip}
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rule", "color": color, "strokeDash": [3, 3], "strokeWidth": 1.25},
            "encoding": encoding,
        },
        {
            "data": {"values": values},
            "mark": {"type": "text", "align": "left", "dx": 3, "color": color, "fontSize": 10},
            "encoding": {**encoding, "y": {"value": y}, "text": {"field": "text"}},
        },
    ]


def _epochs(count: int) -> Spec:
    """An axis of whole epochs, which Vega would cut in halves."""
    every = -(-count // _EPOCHS) or 1
    return number(
        "x", "epoch", axis={"values": list(range(every, count + 1, every)), "format": "d"}
    )


def _wide(field: str) -> Spec:
    """An axis that need not begin at 0."""
    return number(field, scale={"zero": False})


def _points(records: Sequence[Record], x: str, y: str, series: str = "") -> Values:
    return [
        {"x": each.get(x), "y": each[y], **({"series": series} if series else {})}
        for each in records
        if each.get(y) is not None
    ]


def losses(runs: dict[str, Training]) -> Chart:
    """The watched loss of two runs, the older one first."""
    colors = dict(zip(runs, ("var(--quiet)", "var(--accent)"), strict=True))
    values = [
        point
        for run, training in runs.items()
        for point in _points(training.epochs, "epoch", "val_loss", run)
    ]
    longest = max(len(training.epochs) for training in runs.values())
    drawn = line(_epochs(longest), _wide("y"), colored("series", colors))
    return Chart("losses", "Watched loss by epoch, of both runs", layered(drawn), values)
