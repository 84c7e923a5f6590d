"""The versions in a folder: the highest that can be loaded is served, and followed.

The Pusher makes a version appear by one rename, so that what is there is whole. A version is loaded
beside the one that is served, which answers until the new one has answered once; requests that the
old one has begun, it ends. It lives in memory: its folder may be removed.
"""

import dataclasses
import pathlib
import threading
from collections.abc import Callable
from typing import Any

from modules.errors import SpecError
from pipeline.console import near
from pipeline.local.display.wording import one_line
from pipeline.serving.folders import contents_of, graph_of, numbered
from pipeline.serving.model import Model, load

_POLL_SECONDS = 1.0
_LONGEST = 300  # characters of an error


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a version is not served, and what was in its folder then."""

    why: str
    contents: frozenset[Any]


class Versions:
    """The versions of one model, in a folder that a Pusher writes to."""

    def __init__(
        self,
        folder: pathlib.Path,
        tell: Callable[[str], None],
        count: Callable[[bool, int], None],
    ) -> None:
        """Loads nothing yet.

        Args:
            folder: the versions, each a folder whose name is a number; others are left alone.
            tell: takes a sentence when a version comes, goes or cannot be loaded.
            count: takes for each attempt whether it succeeded, and the version.
        """
        self._folder, self._tell, self._count = folder, tell, count
        self._model: Model | None = None
        self._graph: object = None  # of the model, to know another of the same number
        self._failed: dict[int, Failure] = {}
        self._loading: int | None = None
        self._ended = threading.Event()

    @property
    def model(self) -> Model:
        """The version that is served.

        Raises:
            SpecError: if none was ever loaded.
        """
        if self._model is None:
            whys = [f"version {number}: {failure.why}" for number, failure in self._failed.items()]
            raise SpecError(whys or [f"{near(self._folder)} holds no version of a model"])
        return self._model

    @property
    def loading(self) -> int | None:
        """The version that is being loaded."""
        return self._loading

    @property
    def failed(self) -> dict[int, str]:
        """By version, why it is not served; the highest first."""
        return {number: failure.why for number, failure in sorted(self._failed.items())[::-1]}

    def look(self) -> None:
        """Goes over to the highest version that can be loaded, if that is another one now."""
        found = numbered(self._folder)
        self._failed = {n: failure for n, failure in self._failed.items() if n in found}
        for number in sorted(found, reverse=True):
            folder = found[number]
            if self._is_served(number, folder):
                return
            failure = self._failed.get(number)
            if failure and failure.contents == contents_of(folder):
                continue
            if self._go_over(number, folder):
                return

    def follow(self) -> None:
        """Looks every second, in a thread, until `end` is called."""
        threading.Thread(target=self._look_often, name="versions", daemon=True).start()

    def end(self) -> None:
        """Looks no more."""
        self._ended.set()

    def _look_often(self) -> None:
        told = ""
        while not self._ended.wait(_POLL_SECONDS):
            try:
                self.look()
            except OSError as error:  # what is served stays, until the folder can be read again
                if told != str(error):
                    told = str(error)
                    self._tell(f"The versions cannot be followed: {told}")

    def _is_served(self, number: int, folder: pathlib.Path) -> bool:
        return (
            self._model is not None
            and self._model.version == number
            and self._graph == graph_of(folder)
        )

    def _go_over(self, number: int, folder: pathlib.Path) -> bool:
        contents, graph = contents_of(folder), graph_of(folder)
        self._loading = number
        try:
            model = load(folder, number)
        except Exception as error:  # whatever is wrong with it, the one before still answers
            if not folder.is_dir():  # it has been removed since the folder was looked at
                return False
            why = one_line(f"{type(error).__name__}: {error}", _LONGEST)
            self._failed = {**self._failed, number: Failure(why, contents)}
            self._tell(f"Version {number} cannot be served and is skipped: {why}")
            self._count(False, number)
            return False
        finally:
            self._loading = None
        before = self._model
        self._failed = {n: failure for n, failure in self._failed.items() if n != number}
        self._model, self._graph = model, graph
        self._count(True, number)
        if before is not None:
            self._tell(f"Version {number} is served now, in place of {before.version}")
        return True
