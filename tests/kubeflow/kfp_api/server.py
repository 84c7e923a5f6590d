"""The server: routes, logins, and the faults that it is told to have."""

import contextlib
import dataclasses
import email.parser
import email.policy
import http.server
import json
import pathlib
import re
import ssl
import threading
import urllib.parse
from typing import Any

from tests.kubeflow.kfp_api.records import Records
from tests.kubeflow.kfp_api.refused import INVALID_ARGUMENT, NOT_FOUND, UNAUTHENTICATED, Refused

_API = "/apis/v2beta1"


@dataclasses.dataclass
class Fault:
    """What is answered instead, as often as it says."""

    status: int
    body: str = ""
    kind: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    at: str = ""  # part of the paths that it concerns
    times: int = 1_000_000

    @classmethod
    def login_page(cls, status: int = 200) -> "Fault":
        """As Dex and oauth2-proxy answer an API client."""
        page = "<!doctype html><html><title>Log in to Your Account</title></html>"
        to = {"Location": "http://dex.example/auth?client_id=kubeflow"} if status == 302 else {}
        return cls(status, page, "text/html; charset=utf-8", to)


class KfpServer(Records):
    """A server on a free port; `with` starts and stops it."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Fault | None = None
        self.token: str | None = None  # that a request has to bear
        self.logs: dict[str, str] = {}  # pod -> what it wrote
        self.behind_pages = False  # whether requests go through the server of the pages
        self.requests: list[tuple[str, str]] = []  # method and path
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"api": self})
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> "KfpServer":
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def use_tls(self, certificate: pathlib.Path) -> str:
        """Its address, once it speaks TLS with a certificate and key of one file."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        return self.url.replace("http://", "https://")

    def count(self, method: str, part: str) -> int:
        """Requests whose path has a part."""
        return sum(1 for one, path in self.requests if one == method and part in path)

    def faulty(self, path: str) -> Fault | None:
        """The fault that a request meets."""
        fault = self.fault
        if fault is None or fault.at not in path or not fault.times:
            return None
        fault.times -= 1
        return fault

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        """What a request is answered with, to be sent as JSON; text as it is."""
        with self._lock:
            if path.startswith(("/apis/v1alpha1/", "/k8s/pod/logs")):
                return self._log(path, query)
            if not path.startswith(f"{_API}/"):
                raise Refused(NOT_FOUND, "Not Found")
            return self._route(method, path.removeprefix(_API), query, body)

    def _route(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        match = re.fullmatch(r"/(\w+)(?:/([\w-]+))?(/versions(?:/([\w-]+))?)?", path)
        kind, key, versions, version = match.groups() if match else ("", None, None, None)
        if method == "POST" and key is None:
            makers = {
                "experiments": self.make_experiment,
                "runs": self.make_run,
                "recurringruns": self.make_recurring,
                "pipelines": self.make_pipeline,
            }
            if kind in makers:
                return makers[kind](json.loads(body))
        elif method == "GET" and versions and version:
            return self.get("versions", version, "PipelineVersion")
        elif method == "GET" and versions:
            of = {**query, "pipeline_id": str(key)}
            return {"pipeline_versions": self.list("versions", of)}
        elif method == "GET" and key is None:
            return self._listed(kind, query)
        elif method == "GET" and kind == "runs":
            return self.run(str(key), advance=True)
        elif method == "DELETE" and kind == "recurringruns":
            self.get("recurring", str(key), "Job")
            del self.recurring[str(key)]
            return {}
        raise Refused(NOT_FOUND, "Not Found")

    def _listed(self, kind: str, query: dict[str, str]) -> Any:
        if kind == "healthz" and self.behind_pages:  # frontend/server/handlers/healthz.ts
            return {"apiServerReady": True, "apiServerMultiUser": self.multi_user}
        if kind == "healthz":
            return {"multi_user": self.multi_user, "pipeline_store": "database"}
        if kind == "runs":
            return {"runs": [self.run(run["run_id"]) for run in self.list("runs", query)]}
        if kind == "recurringruns":
            return {"recurringRuns": self.list("recurring", query)}
        if kind in ("experiments", "pipelines"):
            return {kind: self.list(kind, query)}
        raise Refused(NOT_FOUND, "Not Found")

    def upload(self, query: dict[str, str], kind: str, body: bytes) -> Any:
        """server/pipeline_upload_server.go, UploadPipelineVersion."""
        whole = f"Content-Type: {kind}\r\n\r\n".encode() + body
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(whole).iter_parts()
        files = {part.get_param("name", header="content-disposition"): part for part in parts}
        if set(files) != {"uploadfile"} or not query.get("pipelineid"):
            raise Refused(INVALID_ARGUMENT, "Failed to create a pipeline version")
        file = files["uploadfile"]
        if not str(file.get_filename()).endswith((".yaml", ".yml")):
            raise Refused(INVALID_ARGUMENT, "unexpected pipeline file format")
        text = bytes(file.get_payload(decode=True)).decode()
        with self._lock:
            return self.make_version(query["pipelineid"], query.get("name", ""), text)

    def _log(self, path: str, query: dict[str, str]) -> str:
        pages = path.startswith("/k8s/")
        pod = query.get("podname", "") if pages else path.split("/")[-2]
        if pages != self.behind_pages or pod not in self.logs:
            raise Refused(NOT_FOUND, "pod not found")
        return self.logs[pod]


class _Handler(http.server.BaseHTTPRequestHandler):
    api: KfpServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urllib.parse.urlsplit(self.path)
        self.api.requests.append((self.command, split.path))
        fault = self.api.faulty(split.path)
        if fault:
            self._send(fault.status, fault.body.encode(), fault.kind, fault.headers)
            return
        query = dict(urllib.parse.parse_qsl(split.query))
        uploads = split.path == f"{_API}/pipelines/upload_version" and self.command == "POST"
        try:
            self._check_login()
            if uploads:
                told = self.api.upload(query, self.headers["Content-Type"], body)
            else:
                told = self.api.answer(self.command, split.path, query, body)
        except Refused as refused:
            self._send(refused.status, refused.upload_body() if uploads else refused.body())
            return
        if isinstance(told, str):
            self._send(200, told.encode(), "text/plain")
        else:
            self._send(200, json.dumps(told).encode())

    def _check_login(self) -> None:
        if self.api.token and self.headers.get("Authorization") != f"Bearer {self.api.token}":
            raise Refused(UNAUTHENTICATED, "Request header error: there is no user identity header")

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            for name, value in {"Content-Type": kind, **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: tests look at what was asked in `requests`."""
