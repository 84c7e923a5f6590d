"""How the pods of a training come together, and part: files on the volume that all of them see.

TensorFlow alone is not enough. A worker that has ended well is not started again by its Job; were
the first worker, which still writes the model, to die then, its next start would wait for peers for
ever. So nobody ends before the model is there, and whoever comes later finds it and ends at once:

- The first worker begins a session: it writes a token into `chief`, and waits for the others.
- The others answer with a file of the token's name. Then all start TensorFlow.
- The model and its history are written: the first worker writes `done`, and all end.
- The first worker was started anew: there is another token. Whoever has answered the one before
  starts anew, too, even if it had nothing left to do.
- Another worker was started anew: it cannot answer a second time and writes `<token>.broken`. Its
  peers' collectives may fail of that, or wait for ever; so the first worker begins another session,
  unless all training is over.
"""

import contextlib
import os
import pathlib
import threading
import time
import uuid
from collections.abc import Callable

_CHIEF = "chief"
_DONE = "done"
_POLL_SECONDS = 0.5


class Session:
    """A training's pods, as one of them sees them."""

    def __init__(self, folder: pathlib.Path, index: int, count: int) -> None:
        """Takes the folder of the files, and this worker's place among how many."""
        self._folder, self._index, self._count = folder, index, count
        self._token = ""
        self._trained = False
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def is_done(self) -> bool:
        """Whether the model and its history are written."""
        return (self._folder / _DONE).exists()

    def join(self) -> bool:
        """Waits until all workers are there; whether there is something left to do."""
        return self._gather() if self._index == 0 else self._answer()

    def watch(
        self, leave: Callable[[], None], again: Callable[[], None], trained: Callable[[], bool]
    ) -> None:
        """Sees to it, from now on, that this worker does not wait for what will not come.

        Args:
            leave: called when the model is there.
            again: called when this session is over.
            trained: whether all training is over, so that the others are not needed.
        """

        def look() -> None:
            while True:
                with contextlib.suppress(OSError):  # a stale file of a network file system, say
                    if self._index and self.is_done:
                        return leave()
                    if self._is_over(trained):
                        return again()
                time.sleep(_POLL_SECONDS)

        threading.Thread(target=look, daemon=True).start()

    def finish(self) -> None:
        """Says that the model is there; any other worker waits until it is said."""
        if self._index == 0:
            write(self._folder / _DONE, self._token)
        while not self.is_done:  # `watch` ends the wait, if the first worker dies
            time.sleep(_POLL_SECONDS)

    def _gather(self) -> bool:
        while not self.is_done:
            if not self._token or self._broken().exists():
                self._token = uuid.uuid4().hex
                write(self._folder / _CHIEF, self._token)
            if all(self._answered(other).exists() for other in range(1, self._count)):
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _answer(self) -> bool:
        refused = ""
        while not self.is_done:
            token = self._said()
            if token not in ("", refused):
                try:
                    self._token = token
                    self._answered(self._index).touch(exist_ok=False)
                    return True
                except FileExistsError:  # by this worker's last start
                    self._broken().touch()
                    refused = token
            time.sleep(_POLL_SECONDS)
        return False

    def _is_over(self, trained: Callable[[], bool]) -> bool:
        if self._said() != self._token:
            return True
        if self._index or not self._broken().exists():
            return False
        # Asked once: the checkpoint that tells it is removed before `done` is written.
        self._trained = self._trained or trained()
        return not self._trained

    def _said(self) -> str:
        """The first worker's token, or nothing."""
        try:
            return (self._folder / _CHIEF).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def _answered(self, index: int) -> pathlib.Path:
        return self._folder / f"{self._token}.{index}"

    def _broken(self) -> pathlib.Path:
        return self._folder / f"{self._token}.broken"


def write(path: pathlib.Path, text: str) -> None:
    """Writes a file that is either whole or not there, also for those who look meanwhile."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.writing")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
