"""Facts as one page of HTML that needs nothing else."""

import base64
import functools
import hashlib
import importlib.resources
import math
from collections.abc import Collection, Iterator
from typing import Any, TypeGuard

import jinja2

from pipeline.history.columns import count, figure, size
from pipeline.local.display.wording import duration, memory
from pipeline.report.bundle import bundle
from pipeline.report.charts import evaluation, features, found, lineage, network, run, thresholds
from pipeline.report.charts.vega import CONFIG, Chart, Values
from pipeline.report.facts.column import shortened
from pipeline.report.facts.data import Data
from pipeline.report.facts.evaluation import FEW, Evaluation, finite
from pipeline.report.facts.sources import Absent
from pipeline.report.facts.training import Training
from pipeline.report.gathering import Facts, TwoRuns

SECTIONS = ("verdict", "data", "training", "evaluation", "serving", "lineage")  # templates, too
_PAGE = importlib.resources.files("pipeline.report.page")
_RULES = 200  # that are listed, the broken ones first
_FEATURES = 500  # whose importance is listed, the most important first
_NONE = "\N{EN DASH}"  # where there is no number


def of_run(facts: Facts, sections: Collection[str] = SECTIONS) -> str:
    """The report of a run, or some of its sections; one alone has no heading above it."""
    charts = list(_charts(facts, sections))
    return _render("report.html", charts, _splits(facts.data), facts=facts, sections=sections)


def of_two(runs: TwoRuns) -> str:
    """The comparison of two runs."""
    charts = []
    trained = {
        each.shown.run: each.training
        for each in (runs.old, runs.new)
        if isinstance(each.training, Training)
    }
    if len(trained) == 2:
        charts.append(run.losses(trained))
    return _render(
        "comparison.html",
        [*charts, *_of_columns(runs.new.data)],
        _splits(runs.new.data),
        runs=runs,
        facts=runs.new,
    )


def prepare() -> None:
    """Does what takes long and is the same for every run."""
    bundle()
    for entry in _PAGE.iterdir():
        if entry.name.endswith(".html"):
            _environment().get_template(entry.name)


def _charts(facts: Facts, sections: Collection[str]) -> Iterator[Chart]:
    gantt = run.gantt(facts.shown.nodes, facts.shown.seconds)
    if gantt and "verdict" in sections:
        yield gantt
    if isinstance(facts.training, Training) and "training" in sections:
        yield from run.of_training(facts.training)
    if isinstance(facts.evaluation, Evaluation) and "evaluation" in sections:
        yield from evaluation.charts(facts.evaluation)
        yield from found.charts(facts.found)
    if "data" in sections:
        yield from _of_columns(facts.data)


def _of_columns(data: Data | Absent) -> Iterator[Chart]:
    if isinstance(data, Data):
        for at, feature in enumerate(data.features):
            yield from features.charts(at, feature)


def _splits(data: Data | Absent) -> list[str]:
    return list(data.rows) if isinstance(data, Data) else []


def _render(template: str, charts: list[Chart], splits: list[str], **told: Any) -> str:
    """The page: everything in it that comes from a run is escaped, and only its scripts run."""
    scripts = [*([bundle()] if charts else []), _text("page.js")]
    for script in scripts:
        if "</script" in script.lower():
            raise ValueError("a script of the report would end early: it has </script in it")
    drawn: dict[str, Any] = {
        "config": CONFIG,
        "templates": features.templates(splits),
        "charts": {
            each.name: {
                "title": each.title,
                "spec": each.spec,
                "values": _table(each.values),
                **({"height": each.height} if each.height else {}),
            }
            for each in charts
        },
    }
    page = _environment().get_template(template)
    rendered = page.render(
        **told,
        charts={each.name: each for each in charts},
        drawn=_plain(drawn),
        scripts=scripts,
        style=_text("style.css"),
        policy=_policy(scripts),
        rules_shown=_RULES,
        few=FEW,
        features_shown=_FEATURES,
    )
    return rendered.encode("utf-8", "replace").decode()  # what was no Unicode in the data is `?`


def _table(values: Values | str) -> dict[str, Any] | str:
    """Records as a table: the name of each field once."""
    if isinstance(values, str):
        return values
    fields = list(values[0]) if values else []
    return {"fields": fields, "rows": [[each.get(field) for field in fields] for each in values]}


def _plain(value: Any) -> Any:
    """The same with null for each number that JSON has no word for."""
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case float():
            return finite(value)
    return value


def _text(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    """A Content-Security-Policy: no network at all, no script but these."""
    digests = (
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts
    )
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        f"base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.filters |= {
        "as_dag": lineage.drawn,
        "as_network": network.drawn,
        "count": count,
        "duration": duration,
        "figure": _figure,
        "memory": memory,
        "percent": _percent,
        "shortened": shortened,
        "signed": _signed,
        "size": size,
        "sortable": _sortable,
        "slice_name": evaluation.slice_name,
        "outcome": evaluation.outcome_of,
        "rates": thresholds.rates,
    }
    environment.tests["absent"] = _is_absent
    return environment


def _is_absent(part: Any) -> bool:
    return isinstance(part, Absent)


def _figure(value: float | str | None) -> str:
    if isinstance(value, str):
        return value
    return figure(value) if _is_number(value) else _NONE


def _signed(value: float | None) -> str:
    return f"{value:+.4g}" if _is_number(value) else _NONE


def _sortable(value: float | None) -> str:
    """What the page sorts by."""
    return repr(value) if _is_number(value) else ""


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)


def _percent(share: float | None) -> str:
    """`12.3 %`; what is less than can be written is not nothing."""
    if not _is_number(share):
        return _NONE
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f} %"
