"""`headrace serve`: starts the server, says where it is, and ends it when asked to."""

import asyncio
import contextlib
import dataclasses
import errno
import logging
import os
import pathlib
import signal
import socket
import sys

from aiohttp import web
from rich.console import Console

from modules.errors import SpecError
from pipeline.console import complain, libraries_quiet, near, say
from pipeline.failure import ExitCode
from pipeline.local.display.wording import printable
from pipeline.process import end
from pipeline.serving.finding import name_of, serving_folder
from pipeline.serving.guard import is_loopback

PORT_TAKEN = 6  # exit code
_PATIENCE_SECONDS = 10.0  # for the answers that are under way when the server ends


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the command line asks for."""

    folder: pathlib.Path | None
    name: str | None
    host: str
    port: int
    log_requests: pathlib.Path | None
    sample: float


def serve_command(wishes: Wishes) -> int:
    """Serves until Ctrl-C or SIGTERM.

    Returns:
        The exit code, as `headrace serve --help` lists them, if it could not begin; once it serves,
        the process ends here.
    """
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ExitCode.BLESSED))
    try:
        folder = serving_folder(wishes.folder)
        with contextlib.closing(_bound(wishes.host, wishes.port)) as listener:
            end(_serve(console, wishes, folder, listener))
    except _PortTaken as taken:
        complain(console, [str(taken)])
        return PORT_TAKEN
    except SpecError as error:
        complain(console, [printable(problem) for problem in error.problems])
        return ExitCode.BAD_SPEC
    except KeyboardInterrupt:
        end(ExitCode.INTERRUPTED)


class _PortTaken(Exception):
    """Another program listens there."""


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens already: a taken port is told at once, and not after a model's load."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
    except OSError as error:
        raise SpecError(
            [f"--host {host!r}: {error.strerror}. Give an address of this machine"]
        ) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise _PortTaken(
                f"port {port} is taken by another program. Give another with --port, or 0 for any"
            ) from None
        raise SpecError([f"--host {host!r} --port {port}: {error.strerror}"]) from None
    return listener


def _serve(
    console: Console, wishes: Wishes, folder: pathlib.Path, listener: socket.socket
) -> ExitCode:
    """Loads the model, answers until a signal, and gives the exit code."""
    from pipeline.serving.request_log import RequestLog

    def tell(sentence: str) -> None:
        say(console, printable(sentence))

    log = None
    if wishes.log_requests is not None:
        log = RequestLog(wishes.log_requests.absolute(), wishes.sample, tell)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # what is no HTTP is no fault of ours
    # TensorFlow logs what it cannot take, byte for byte, and a terminal obeys some bytes.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    say(console, f"Loading {near(folder)}", "dim")
    with libraries_quiet():
        from pipeline.serving.app import Address, Server
        from pipeline.serving.front import command
        from pipeline.serving.metrics import Metrics
        from pipeline.serving.versions import Versions

        metrics = Metrics()
        versions = Versions(folder, tell, metrics.loaded)
        versions.look()
    name = wishes.name or name_of(folder)
    address = Address(wishes.host, listener.getsockname()[1])
    say(console, f"Serving {name}, version {versions.model.version}, at {address}", "bold")
    say(console, f"Try it:\n{command(versions.model, name, str(address))}")
    _warn(console, wishes)
    say(console, "Versions are followed as they are pushed or removed. Ctrl-C ends it.", "dim")
    versions.follow()
    app = Server(name, versions, metrics, address, log).app()
    caught = asyncio.run(_until_signal(app, listener))
    versions.end()
    return ExitCode.INTERRUPTED if caught == signal.SIGINT else ExitCode.BLESSED


def _warn(console: Console, wishes: Wishes) -> None:
    """Says what others may see, or do."""
    if wishes.log_requests is not None:
        rows = f"Rows of requests go to {near(wishes.log_requests)}: they are what people send"
        say(console, rows, "yellow")
    if not is_loopback(wishes.host):
        warning = f"Whoever reaches {wishes.host} can ask it: there is no login and no encryption"
        say(console, warning, "yellow")


async def _until_signal(app: web.Application, listener: socket.socket) -> signal.Signals:
    """Answers until SIGINT or SIGTERM, and ends what it has begun; a second signal ends at once."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_PATIENCE_SECONDS)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    loop = asyncio.get_running_loop()
    caught: asyncio.Future[signal.Signals] = loop.create_future()

    def catch(number: signal.Signals) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
        caught.set_result(number)

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, catch, each)
    number = await caught
    await runner.cleanup()
    return number
