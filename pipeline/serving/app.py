"""The server: TensorFlow Serving's REST paths over HTTP, a page, and metrics.

The event loop only moves bytes. Requests are parsed and answered by threads, at most as many at a
time as the limits say.
"""

import asyncio
import concurrent.futures
import dataclasses
import http
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from pipeline.serving import answer, status
from pipeline.serving.front import page
from pipeline.serving.guard import check_headers
from pipeline.serving.metrics import Metrics
from pipeline.serving.paths import Wanted, wanted
from pipeline.serving.refusal import Refused
from pipeline.serving.request import asked
from pipeline.serving.request_log import RequestLog
from pipeline.serving.versions import Versions

_HEADERS = {  # of every answer: it is shown, and nothing in it is run
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}
_LOG = logging.getLogger(__name__)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one client cannot take from the others."""

    body_bytes: int = 16 * 2**20
    at_once: int = 64  # requests that are read, wait or are answered
    read_seconds: float = 30.0  # for a body to come
    answer_seconds: float = 60.0  # from there to the answer


@dataclasses.dataclass(frozen=True)
class Address:
    """Where the server is."""

    host: str
    port: int

    def __str__(self) -> str:
        """`http://127.0.0.1:8501`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Server:
    """Answers for one model."""

    def __init__(
        self,
        name: str,
        versions: Versions,
        metrics: Metrics,
        address: Address,
        log: RequestLog | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._name, self._versions, self._metrics = name, versions, metrics
        self._address, self._log, self._limits = address, log, limits
        self._at_once = 0
        metrics.at_once.set_function(lambda: self._at_once)
        self._threads = concurrent.futures.ThreadPoolExecutor(
            max(2, os.cpu_count() or 1), thread_name_prefix="predict"
        )

    def app(self) -> web.Application:
        """The application that aiohttp runs."""
        app = web.Application(client_max_size=self._limits.body_bytes, middlewares=[self._guarded])
        app.on_cleanup.append(self._ended)
        app.router.add_get("/", self._page)
        app.router.add_get("/metrics", self._told_metrics)
        app.router.add_route("*", "/v1{rest:(/.*)?}", self._counted)
        return app

    async def _ended(self, _: web.Application) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Whatever goes wrong before or after a handler is JSON, too."""
        try:
            check_headers(request.headers, self._address.host)
            response = await handler(request)
        except Refused as refused:
            response = _refused(str(refused), refused.status)
        except web.HTTPException as error:
            response = _refused(f"{error.reason}: {request.path[:200]}", error.status)
            response.headers.update({k: v for k, v in error.headers.items() if k == "Allow"})
        response.headers.update(_HEADERS)
        return response

    async def _page(self, _: web.Request) -> web.Response:
        text = page(self._name, self._versions, str(self._address))
        return web.Response(text=text, content_type="text/html")

    async def _told_metrics(self, _: web.Request) -> web.Response:
        body = self._metrics.page()
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _counted(self, request: web.Request) -> web.Response:
        try:
            response = _json(await self._answered(request))
        except Refused as refused:
            response = _refused(str(refused), refused.status)
        except Exception as error:  # a fault of ours: tell it, and go on answering
            _LOG.exception("A request could not be answered")
            problem = f"{type(error).__name__}: {error}"
            response = _refused(problem, http.HTTPStatus.INTERNAL_SERVER_ERROR)
        if response.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = "1"
        self._metrics.requests.labels(str(response.status)).inc()
        return response

    async def _answered(self, request: web.Request) -> bytes:
        want = wanted(request.method, request.path)
        if want.what == "predict":
            begun = time.perf_counter()
            body = await self._predicted(request, want)
            self._metrics.seconds.observe(time.perf_counter() - begun)
            return body
        if want.what == "metadata":
            model = status.served(self._versions, self._name, want)
            return json.dumps(status.metadata(model, self._name), indent=1).encode()
        return json.dumps(status.status(self._versions, self._name, want), indent=1).encode()

    async def _predicted(self, request: web.Request, want: Wanted) -> bytes:
        if self._at_once >= self._limits.at_once:
            problem = f"{self._at_once} requests are being answered: try again in a second"
            raise Refused(problem, http.HTTPStatus.SERVICE_UNAVAILABLE)
        self._at_once += 1
        try:
            body = await self._body(request)
            work = self._threads.submit(self._predict, want, body)
        except BaseException:
            self._at_once -= 1
            raise
        # A call that takes too long is given up by the client, but its thread goes on.
        loop = asyncio.get_running_loop()
        work.add_done_callback(lambda _: _soon(loop, self._left))
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                return await asyncio.wrap_future(work)
        except TimeoutError:
            problem = f"there is no answer within {self._limits.answer_seconds:g} s"
            raise Refused(problem, http.HTTPStatus.GATEWAY_TIMEOUT) from None

    def _left(self) -> None:
        self._at_once -= 1

    async def _body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._limits.read_seconds):
                return await request.read()
        except TimeoutError:
            problem = f"the body did not come within {self._limits.read_seconds:g} s"
            raise Refused(problem, http.HTTPStatus.REQUEST_TIMEOUT) from None
        except web.HTTPRequestEntityTooLarge:
            problem = f"the body has more than {self._limits.body_bytes:,} bytes: ask in parts"
            raise Refused(problem, http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE) from None
        except web.RequestPayloadError as error:
            raise Refused(f"the body cannot be read: {error}") from error

    def _predict(self, want: Wanted, body: bytes) -> bytes:
        """An answer, by one version throughout; called in a thread."""
        model = status.served(self._versions, self._name, want)
        given = asked(body, model.signatures)
        told = answer.answer(model.predict(given), given.by_row)
        self._metrics.rows.inc(given.rows)
        if self._log:
            self._log.write(given, model.interface)
        return told


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():  # the server has ended before the call did
        loop.call_soon_threadsafe(call)


def _json(body: bytes, status_: int = 200) -> web.Response:
    return web.Response(body=body, status=status_, content_type="application/json")


def _refused(sentence: str, status_: int) -> web.Response:
    return _json(answer.error(sentence), int(status_))
