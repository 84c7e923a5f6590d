"""What `headrace run` prints, in each of the manners it can be asked for."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, Protocol

from rich.console import Console

from pipeline.console import complain, say
from pipeline.local.display.conclusion import conclude
from pipeline.local.display.events import Events
from pipeline.local.display.lines import Lines
from pipeline.local.display.lively import Lively
from pipeline.local.display.protocol import Display, Silent
from pipeline.local.display.verbose import Verbose
from pipeline.local.display.wording import printable
from pipeline.local.following import Ended
from pipeline.local.result import Result

# object: one JSON object at the end; events: a JSON object a line. The others are for people.
Manner = Literal["normal", "quiet", "verbose", "object", "events"]


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why there was no run."""

    pipeline: str | None  # None: the spec could not be read
    problems: Sequence[str]  # a sentence each

    @property
    def result(self) -> Result:
        """The same as the result of a run."""
        return Result(
            run=None,
            pipeline=self.pipeline,
            verdict="failed",
            reason="; ".join(self.problems),
            seconds=0,
            nodes=[],
        )


class Telling(Protocol):
    """All that a run prints."""

    @property
    def display(self) -> Display:
        """Where its nodes are shown."""

    def note(self, text: str, style: str) -> None:
        """Tells what is worth knowing before the run."""

    def refuse(self, refusal: Refusal) -> None:
        """Tells why there is no run."""

    def conclude(self, ended: Ended) -> None:
        """Tells how the run ended."""


def telling(manner: Manner) -> Telling:
    """What prints to standard output in a manner."""
    if manner == "object":
        return OneObject()
    if manner == "events":
        return EventLines()
    return Prose(Console(highlight=False), manner)


class Prose:
    """For people."""

    def __init__(self, console: Console, manner: Manner) -> None:
        self._console = console
        self._briefly = manner == "quiet"
        self.display: Display = Silent()
        if not self._briefly:
            self.display = watched(console)
        if manner == "verbose":
            self.display = Verbose(self.display, console)

    def note(self, text: str, style: str) -> None:
        """Prints the text, unless briefness is asked for."""
        if not self._briefly:
            say(self._console, text, style)

    def refuse(self, refusal: Refusal) -> None:
        """Prints the problems, a line each."""
        complain(self._console, [printable(problem) for problem in refusal.problems])

    def conclude(self, ended: Ended) -> None:
        """Prints the verdict, why, and what to do next."""
        conclude(self._console, ended, self._briefly)


class OneObject:
    """For programs that wait for the end."""

    display = Silent()

    def note(self, text: str, style: str) -> None:
        """Nothing."""

    def refuse(self, refusal: Refusal) -> None:
        """Prints the result."""
        print(refusal.result.model_dump_json(indent=1))

    def conclude(self, ended: Ended) -> None:
        """Prints the result."""
        print(ended.result.model_dump_json(indent=1))


class EventLines:
    """For programs that watch."""

    def __init__(self) -> None:
        self.display = Events()

    def note(self, text: str, style: str) -> None:
        """Nothing."""

    def refuse(self, refusal: Refusal) -> None:
        """Prints the result as the last event."""
        self.display.end(refusal.result)

    def conclude(self, ended: Ended) -> None:
        """Prints the result as the last event."""
        self.display.end(ended.result)


def watched(console: Console) -> Display:
    """A table that redraws itself where that can be, else lines.

    Where it cannot: in a file or pipe, also if FORCE_COLOR makes a terminal of it for rich; on a
    terminal that knows no cursor (TERM=dumb), or none of the table's marks.
    """
    lively = console.is_interactive and console.file.isatty() and console.encoding == "utf-8"
    return (Lively if lively else Lines)(console, with_memory=True)
