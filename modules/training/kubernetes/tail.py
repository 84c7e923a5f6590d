"""What a pod says, line by line, to its end."""

import collections
import threading
from collections.abc import Callable

from modules.training.kubernetes.api import Api, ClusterError
from modules.training.kubernetes.contract import MARK
from modules.training.saying import say

_LAST_LINES = 15  # of a dead worker, in the error
_PAUSE = 1.0  # seconds until a log that broke off is read on


class Tail:
    """Hands on a pod's lines as they come, and keeps the last of them."""

    def __init__(self, api: Api, pod: str, index: int, tell: Callable[[str], None]) -> None:
        """Reads from now on; `tell` takes what the worker says of its progress."""
        self.lines: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
        self._api, self._pod, self._tell = api, pod, tell
        self._worker = f"worker {index}"
        self._last: str | None = None  # the time of the last line
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def end(self, seconds: float) -> None:
        """Waits for the last lines of a pod that has ended, but not for longer than that."""
        self._over.set()
        self._thread.join(seconds)

    def _read(self) -> None:
        """Reads on where a line broke off: API servers and proxies end long answers."""
        over = False
        while not over:
            over = self._over.is_set()  # then this is the last time
            try:
                for line in self._api.log(self._pod, self._last):
                    self._take(line)
            except LookupError:
                pass
            except (ClusterError, OSError) as error:
                say(self._worker, f"(its log broke off: {error})")
            if not over:
                self._over.wait(_PAUSE)

    def _take(self, line: str) -> None:
        if not line.endswith("\n"):
            return  # broken off: it will come again
        time, _, text = line.rstrip().partition(" ")
        if self._last and time <= self._last:
            return  # the server goes back to a whole second
        self._last = time
        if text.startswith(MARK):
            self._tell(text.removeprefix(MARK))
            return
        self.lines.append(text)
        say(self._worker, text)
