"""The report in a notebook: `from pipeline import notebook`, then `notebook.show()`."""

import abc
import html
import io
import os
import pathlib
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from rich.console import Console

from components.evaluator.verdict import Verdict
from pipeline.history.folder import LATEST, folder_of_runs
from pipeline.history.past import past
from pipeline.history.showing import print_head
from pipeline.local.display.wording import one_line
from pipeline.report import gathering, rendering
from pipeline.report.facts.data import Data
from pipeline.report.facts.evaluation import Evaluation
from pipeline.report.facts.lineage import Place
from pipeline.report.facts.serving import Served
from pipeline.report.facts.sources import Absent
from pipeline.report.facts.training import Training
from pipeline.report.gathering import Facts, TwoRuns

if TYPE_CHECKING:
    import pandas as pd

Told = TypeVar("Told")


class Page(abc.ABC, Generic[Told]):
    """A page: in a notebook it shows itself, in a terminal it says what it is.

    Attributes:
        facts: what it shows, as Python's values; `Absent` says why there are none.
        title: what it is, in words.
    """

    height = 800  # of the frame, in pixels; what is longer scrolls in it

    def __init__(self, told: Told, title: str) -> None:
        """Takes what it shows, and what it is."""
        self.facts, self.title = told, title

    @abc.abstractmethod
    def page(self) -> str:
        """The page; it needs nothing else."""

    def _repr_html_(self) -> str:
        """The page in a frame: it has neither style, scripts nor origin of the notebook."""
        # A notebook that is not trusted drops the frame and keeps the text within.
        return (
            f'<iframe title="{html.escape(self.title)}" sandbox="allow-scripts" loading="lazy" '
            f'style="width: 100%; height: {self.height}px; border: 0; resize: vertical" '
            f'srcdoc="{html.escape(self.page())}">'
            f"{html.escape(self.title)}: run the cell, or trust the notebook, to see it."
            "</iframe>"
        )

    def __repr__(self) -> str:
        """What it is, and why there is nothing to show."""
        absent = f": not here: {self.facts.why}" if isinstance(self.facts, Absent) else ""
        return one_line(self.title + absent)


class Section(Page[Told]):
    """A section of the report of a run."""

    height = 560

    def __init__(self, run: Facts, name: str, told: Told) -> None:
        """Takes the run, and of what is known of it the part that the section shows."""
        super().__init__(told, f"{name.capitalize()} of run {run.shown.run}")
        self._run, self._name = run, name

    def page(self) -> str:
        """The section alone."""
        return rendering.of_run(self._run, [self._name])


class DataSection(Section[Data | Absent]):
    """The data, column by column."""

    @property
    def features(self) -> "pd.DataFrame":
        """A row a column of the data and split: `pipeline.report.tables.features`."""
        from pipeline.report import tables

        return tables.features(_there(self.facts, self.title))


class EvaluationSection(Section[Evaluation | Absent]):
    """How good the model is."""

    @property
    def metrics(self) -> "pd.DataFrame":
        """A row a metric, on all rows: `pipeline.report.tables.metrics`."""
        from pipeline.report import tables

        return tables.metrics(_there(self.facts, self.title))

    @property
    def slices(self) -> "pd.DataFrame":
        """A row a slice, the worst first: `pipeline.report.tables.slices`."""
        from pipeline.report import tables

        return tables.slices(_there(self.facts, self.title))

    @property
    def wrong(self) -> "pd.DataFrame":
        """The rows that the model is most wrong about: `pipeline.report.tables.wrong`."""
        from pipeline.report import tables

        return tables.wrong(_there(self._run.wrong, f"{self.title}, the rows most wrong"))


class Report(Page[Facts]):
    """The report of a run; its sections are attributes, and pages of their own."""

    def __init__(self, run: Facts) -> None:
        """Takes all that is known of the run."""
        super().__init__(run, f"Report of run {run.shown.run}")

    def page(self) -> str:
        """What `headrace report` writes."""
        return rendering.of_run(self.facts)

    def __repr__(self) -> str:
        """How the run ended, as `headrace show` begins."""
        console = Console(file=io.StringIO(), force_terminal=False, force_jupyter=False)
        with console.capture() as captured:
            print_head(console, self.facts.shown)
        return captured.get().rstrip()

    @property
    def verdict(self) -> Section[Verdict | Absent]:
        """Blessed or not, and why; when each node ran."""
        return Section(self.facts, "verdict", self.facts.verdict)

    @property
    def data(self) -> DataSection:
        """Anomalies, distributions and drift; `features` is a table."""
        return DataSection(self.facts, "data", self.facts.data)

    @property
    def training(self) -> Section[Training | Absent]:
        """Curves, settings and layers."""
        return Section(self.facts, "training", self.facts.training)

    @property
    def evaluation(self) -> EvaluationSection:
        """Metrics, curves, slices; `metrics`, `slices` and `wrong` are tables."""
        return EvaluationSection(self.facts, "evaluation", self.facts.evaluation)

    @property
    def serving(self) -> Section[Served]:
        """How the model answers, and its formats."""
        return Section(self.facts, "serving", self.facts.served)

    @property
    def lineage(self) -> Section[list[Place] | Absent]:
        """Which node took what from which; the spec."""
        return Section(self.facts, "lineage", self.facts.places)


class Comparison(Page[TwoRuns]):
    """What differs between two runs.

    Attributes:
        old: the report of the older run.
        new: that of the newer one, its drift being that from the older.
    """

    def __init__(self, runs: TwoRuns) -> None:
        """Takes all that is known of both."""
        super().__init__(runs, f"Run {runs.new.shown.run} beside run {runs.old.shown.run}")
        self.old, self.new = Report(runs.old), Report(runs.new)

    def page(self) -> str:
        """What `headrace report` writes of two runs."""
        return rendering.of_two(self.facts)

    def __repr__(self) -> str:
        """How both ended."""
        return f"{self.old!r}\n\n{self.new!r}"


@overload
def show(run: str = LATEST, /, *, runs: str | os.PathLike[str] | None = None) -> Report: ...


@overload
def show(old: str, new: str, /, *, runs: str | os.PathLike[str] | None = None) -> Comparison: ...


def show(
    run: str = LATEST, new: str | None = None, /, *, runs: str | os.PathLike[str] | None = None
) -> Report | Comparison:
    """The report of a run, or the comparison of two.

    Args:
        run: an id, as `headrace runs` lists them, the beginning of one, or `last`; of two runs
            the older one.
        new: the newer one.
        runs: the folder of the runs; None: `runs` where the notebook is.

    Raises:
        SpecError: if there is no such folder or run; names the nearest.
    """
    folder = folder_of_runs(None if runs is None else pathlib.Path(runs))
    if new is None:
        return Report(gathering.of_run(past(folder, run)))
    return Comparison(gathering.of_two(past(folder, run), past(folder, new)))


def _there(told: Told | Absent, title: str) -> Told:
    if isinstance(told, Absent):
        raise ValueError(f"{title}: not here: {told.why}")  # noqa: TRY004  the run lacks it
    return told
