"""A process for each node, forked from the worker once it has imported what nodes need.

A fork takes milliseconds and shares the worker's pages; what the node takes is given back when it
ends, and whatever it does to itself (a segmentation fault, the kernel's out-of-memory kill) leaves
the others alone.
"""

import contextlib
import dataclasses
import logging
import os
import pathlib
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Annotated

import psutil
import pydantic

from modules import progress
from pipeline import process
from pipeline.failure import ExitCode, explained
from pipeline.local.launching import Done
from pipeline.local.result import Failed, Progress

Told = Progress | Failed | Done
_TOLD: pydantic.TypeAdapter[Told] = pydantic.TypeAdapter(
    Annotated[Told, pydantic.Field(discriminator="event")]
)
_MB = 2**20


@dataclasses.dataclass
class Child:
    """The process of a node, as the worker sees it."""

    node: str
    pid: int
    pipe: int  # what it tells
    ended: int  # a descriptor of the process, readable when it has ended
    started: float = dataclasses.field(default_factory=time.monotonic)
    looked: float = dataclasses.field(default_factory=time.monotonic)  # at its memory
    kills: int = dataclasses.field(default_factory=lambda: _kills_for_memory())  # noqa: PLW0108  it is defined below
    peak_mb: float = 0.0
    timed_out: float | None = None  # minutes it was given
    done: Done | None = None
    failed: Failed | None = None
    rest: bytes = b""  # of a line that is not whole yet

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self.started

    def told(self) -> Iterator[Progress]:
        """Its progress since the last call; how it ended is kept."""
        with contextlib.suppress(BlockingIOError):
            while text := os.read(self.pipe, 1 << 16):
                self.rest += text
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            match told := _TOLD.validate_json(line):
                case Progress():
                    yield told
                case Done():
                    self.done = told
                case Failed():
                    self.failed = self.failed or told

    def memory_mb(self) -> float:
        """What it and its children take now (PSS: shared pages count in parts)."""
        total = 0
        for each in _tree(self.pid):
            with contextlib.suppress(psutil.Error):
                total += each.memory_full_info().pss
        self.peak_mb = max(self.peak_mb, total / _MB)
        return total / _MB

    def kill(self) -> None:
        """Ends it and its children at once."""
        for each in reversed(_tree(self.pid)):
            with contextlib.suppress(psutil.Error):
                each.kill()

    def wait(self) -> Failed | None:
        """Takes leave of a process that has ended; why it failed, unless it ended well."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.ended)
        os.close(self.pipe)
        code = os.waitstatus_to_exitcode(status)
        if code == 0 and self.done:
            return None
        if self.failed:
            return self.failed
        return Failed(node=self.node, exit_code=ExitCode.CRASH, problems=[self._death(code)])

    def _death(self, code: int) -> str:
        took = f"after {self.seconds:.1f} s"
        if self.peak_mb:  # nobody looks at one that ends within a second
            took += f"; its processes took up to {self.peak_mb:,.0f} MB"
        if self.timed_out:
            return (
                f"was not done within {self.timed_out:g} minutes and was ended {took}. "
                f"Raise local.timeout_minutes, or local.stages.{self.node}.timeout_minutes"
            )
        if code >= 0:
            return f"ended with exit code {code} {took}"
        name, words = signal.Signals(-code).name, signal.strsignal(-code)
        if -code == signal.SIGKILL and _kills_for_memory() > self.kills:
            return f"was ended by SIGKILL, as the machine ran out of memory, {took}"
        return f"was ended by {name} ({words}) {took}"


def start(
    node: str, log: pathlib.Path, work: Callable[[], Done], setting: Callable[[], None]
) -> Child:
    """Starts a process that does the work and tells what came of it.

    Args:
        node: its name.
        log: all that is printed goes to this file, at its end.
        work: what is done.
        setting: done first, for what must not be in the process: descriptors, variables.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reading)
            _print_to(log)
            setting()
            code = _work(node, work, writing)
        except BaseException:
            traceback.print_exc()
        finally:
            process.end(code)
    os.close(writing)
    return Child(node, pid, reading, os.pidfd_open(pid))


def _work(node: str, work: Callable[[], Done], writing: int) -> int:
    """Does the work in the node's process; the exit code."""
    _die_with_the_command()
    with os.fdopen(writing, "w", encoding="utf-8", buffering=1) as pipe:

        def tell(told: Told) -> None:
            pipe.write(told.model_dump_json() + "\n")

        progress.LOGGER.handlers = [_Telling(node, tell)]
        progress.LOGGER.propagate = False
        progress.LOGGER.setLevel(logging.INFO)
        try:
            tell(work())
        except Exception as error:
            code, problems = explained(error)
            tell(Failed(node=node, exit_code=code, problems=problems))
            with contextlib.suppress(OSError):  # a full disk takes no log
                traceback.print_exc()
            return 1
    return 0


class _Telling(logging.Handler):
    """Hands on what a step says of its progress, and prints it into the log."""

    def __init__(self, node: str, tell: Callable[[Told], None]) -> None:
        super().__init__()
        self._node, self._tell = node, tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tells one message."""
        text = record.getMessage()
        with contextlib.suppress(OSError):  # a full disk takes no log
            print(text, flush=True)
        fraction = getattr(record, "fraction", None)
        self._tell(Progress(node=self._node, text=text, fraction=fraction))


def _print_to(log: pathlib.Path) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _die_with_the_command() -> None:
    """Ends the worker's process group when the command is gone, whatever ended it."""

    def wait() -> None:
        # Not sys.stdin: a thread that holds its lock aborts the interpreter at its end.
        os.read(0, 1)  # returns when the command's end is closed
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _tree(pid: int) -> list[psutil.Process]:
    """A process and its children, near and far."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kills_for_memory() -> int:
    """How often the kernel has killed for want of memory since it started; 0 if it does not say."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in pathlib.Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0
