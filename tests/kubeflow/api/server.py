"""The REST API over HTTP, on this machine alone."""

import http.server
import json
import re
import sys
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from tests.kubeflow.api import admission, status
from tests.kubeflow.api.kubelet import Log
from tests.kubeflow.api.store import GROUPS, Store, merged

Body = dict[str, Any]
TOKEN = "the-token"

_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)/namespaces/(?P<namespace>[^/]+)/(?P<plural>[^/]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<what>[^/]+))?)?"
)


class Rules:
    """What the server is told to refuse."""

    def __init__(self, namespace: str, version: str) -> None:
        self.namespace = namespace
        self.version = version  # of Kubernetes
        self.forbidden: set[tuple[str, str]] = set()  # verb and resource
        self.quota: dict[str, int] = {}  # `pods`, `count/jobs.batch`
        self.lines_at_once: int | None = None  # of a log, until the connection breaks


def serve(store: Store, rules: Rules, logs: Mapping[str, Log]) -> http.server.ThreadingHTTPServer:
    """A server that answers from a thread of its own, until it is shut down."""

    class Handler(_Handler):
        pass

    Handler.store, Handler.rules, Handler.logs = store, rules, logs
    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    return server


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing, if the client has gone: those of these tests are killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    store: Store
    rules: Rules
    logs: Mapping[str, Log]
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self._answer({None: self._list, "": self._get, "log": self._log})

    def do_POST(self) -> None:
        self._answer({None: self._create})

    def do_PATCH(self) -> None:
        self._answer({"": self._patch})

    def do_DELETE(self) -> None:
        self._answer({"": self._delete})

    def _answer(self, does: Mapping[str | None, Callable[[], Body | None]]) -> None:
        """Calls what belongs to the path: to the resource (None), an object, or a part of it."""
        size = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(size) or b"null")
        split = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(split.query))
        try:
            made = does[self._route(split.path)]()
        except status.Refusal as refusal:
            self._send(refusal.code, refusal.status)
        else:
            if made is not None:
                self._send(201 if self.command == "POST" else 200, made)

    def _route(self, path: str) -> str | None:
        """What of a resource is asked for, if the caller may."""
        found = _PATH.fullmatch(path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise status.Refusal("Unauthorized", "Unauthorized")
        if found is None or (found["group"] or "") != GROUPS.get(found["plural"]):
            raise status.Refusal("NotFound", "the server could not find the requested resource")
        self.plural, self.name = found["plural"], found["name"]
        part = None if self.name is None else found["what"] or ""
        self._check_rights(found["namespace"], part)
        return part

    def _check_rights(self, namespace: str, part: str | None) -> None:
        verbs = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}
        verb = verbs.get(self.command, "list" if part is None else "get")
        what = f"{self.plural}/{part}" if part else self.plural
        group = GROUPS[self.plural]
        if (verb, what) in self.rules.forbidden:
            raise status.forbidden(verb, group, what, namespace)
        if namespace != self.rules.namespace:
            raise status.not_found("", "namespaces", namespace)

    def _list(self) -> Body:
        with self.store.lock:
            items = [body for body in self.store.all(self.plural) if self._is_selected(body)]
            return json.loads(json.dumps({"kind": "List", "metadata": {}, "items": items}))

    def _is_selected(self, body: Body) -> bool:
        labels = dict(_pairs(self.query.get("labelSelector", "")))
        if not labels.items() <= body["metadata"].get("labels", {}).items():
            return False
        for path, value in _pairs(self.query.get("fieldSelector", "")):
            at: Any = body
            for key in path.split("."):
                at = at.get(key, {})
            if at != value:
                return False
        return True

    def _get(self) -> Body:
        with self.store.lock:
            return json.loads(json.dumps(self.store.get(self.plural, self.name)))

    def _create(self) -> Body:
        admission.check(self.body, self.rules.version)
        with self.store.lock:
            name = self.body["metadata"]["name"]
            what = f"count/{status.resource(GROUPS[self.plural], self.plural)}"
            limit = self.rules.quota.get(what)
            if limit is not None and len(self.store.all(self.plural)) >= limit:
                raise status.over_quota(GROUPS[self.plural], self.plural, name, what, limit)
            body = self.body | ({"status": {}} if self.plural == "jobs" else {})
            return self.store.create(self.plural, self.rules.namespace, body)

    def _patch(self) -> Body:
        if self.headers["Content-Type"] != "application/merge-patch+json":
            raise status.Refusal("BadRequest", f"unknown patch {self.headers['Content-Type']}")
        with self.store.lock:
            body = self.store.get(self.plural, self.name)
            body.update(merged(body, self.body))
            return self.store.touch(body)

    def _delete(self) -> Body:
        with self.store.lock:
            body = self.store.get(self.plural, self.name)
            wanted = (self.body or {}).get("preconditions", {}).get("uid")
            if wanted not in (None, body["metadata"]["uid"]):
                raise status.Refusal("Conflict", "the UID in the precondition does not match")
            self.store.delete(self.plural, self.name)
            if self.plural == "jobs" and (self.body or {}).get("propagationPolicy") == "Orphan":
                raise status.Refusal("BadRequest", "orphans are not modelled")
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _log(self) -> None:
        with self.store.lock:
            self.store.get("pods", self.name)
            log = self.logs.get(self.name)
        if log is None:
            raise status.Refusal(
                "BadRequest",
                f'container "node" in pod "{self.name}" is waiting to start: ContainerCreating',
            )
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in _lines(log, self.query, self.rules.lines_at_once):
            data = line.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        if log.is_closed:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True  # in the middle of the answer

    def _send(self, code: int, body: Body) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _lines(log: Log, query: Mapping[str, str], most: int | None) -> Any:
    """The lines from a whole second on, as they come, to the end of the pod or of the patience."""
    since = query.get("sinceTime", "")[:19]
    place = sent = 0
    while True:
        with log.news:
            while place == len(log.lines) and not log.is_closed:
                if not log.news.wait(1) and most == 0:
                    return
            if place == len(log.lines):
                return
            moment, text = log.lines[place]
        place += 1
        if moment[:19] >= since:
            yield f"{moment} {text}\n"
            sent += 1
        if sent == most:
            return


def _pairs(selector: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in selector.split(",") if part]
    return [(key, value) for key, _, value in parts]
