"""A server of Kubeflow Pipelines: where it is, how to log in, and how it is asked.

kfp.Client does the talking. What it leaves open is closed here: requests end in time, a login page
is not taken for an answer, and nothing but our own words reaches the terminal.
"""

import contextlib
import dataclasses
import io
import logging
import os
import pathlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import kfp.client
import kfp_server_api
import urllib3
from kfp.client import set_volume_credentials
from kfp_server_api import rest

from pipeline.failure import ExitCode
from pipeline.kubeflow.client import refusals
from pipeline.kubeflow.client.refusals import ServerError

# The names are kfp's own: its command line reads KFP_EXISTING_TOKEN (kfp/cli/__main__.py), its
# client the others.
TOKEN = "KFP_EXISTING_TOKEN"  # noqa: S105
TOKEN_FILE = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105
HOST = "KF_PIPELINES_ENDPOINT"
UI = "KF_PIPELINES_UI_ENDPOINT"
AUTHORITIES = "SSL_CERT_FILE"  # OpenSSL's own; kfp_server_api would take certifi's alone
# Where the kubelet puts a pod's token for pipelines; kfp/client/client.py reads it, too.
_MOUNTED = pathlib.Path("/var/run/secrets/kubeflow/pipelines/token")

_TIME_OUT = (10, 60)  # seconds to connect, and between two bytes of an answer

Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True)
class Server:
    """One that answers, and lets us in."""

    client: Any  # kfp.Client
    host: str
    ui: str | None  # of its pages; None: inside a cluster nobody has told
    namespace: str | None  # of the user; None: the server has one user

    def ask(self, method: Callable[..., Answer], **given: Any) -> Answer:
        """What a method of the client returns; what it prints is dropped."""
        with _quiet():
            return method(**given)

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """An answer that is no JSON: the client has methods for JSON only."""
        api = self.client._run_api.api_client
        told = api.call_api(
            path,
            "GET",
            query_params=list(query.items()),
            response_type="str",
            auth_settings=["Bearer"],
            _return_http_data_only=True,
        )
        return str(told)

    def link(self, page: str) -> str | None:
        """The address of a page for browsers."""
        return f"{self.ui}/#/{page}" if self.ui else None


def connect(host: str | None, namespace: str | None) -> Server:
    """The server, once it has answered.

    Args:
        host: its address; None: that of the environment, the cluster or the kubeconfig, as
            kfp.Client finds it.
        namespace: of the user; None: that of kfp's own settings or of the pod.

    Raises:
        ServerError: if there is none, it does not answer, or refuses the login.
    """
    token, login = _token()
    credentials = None
    if login and not token:
        credentials = set_volume_credentials.ServiceAccountTokenVolumeCredentials(login)
    with _quiet():
        client = _Client(
            host=host,
            existing_token=token,
            credentials=credentials,
            ssl_ca_cert=os.environ.get(AUTHORITIES),
        )
    api = client._run_api.api_client
    where = api.configuration.host
    if not (host or os.environ.get(HOST)) and where == kfp_server_api.Configuration().host:
        raise refusals.no_host()
    # A lost answer to POST may still have started a run: only what was never sent is sent again.
    # Redirects end at a login page, so none is followed.
    api.configuration.retries = urllib3.Retry(
        1, other=0, redirect=0, backoff_factor=0.5, raise_on_redirect=False
    )
    api.rest_client = _Rest(api.configuration, login)
    with _quiet():
        health = client.healthzs.healthz_service_get_healthz()
        namespace = namespace or client.get_user_namespace() or _own_namespace()
    if health.multi_user and not namespace:
        raise ServerError(
            f"{where}: it serves several users, and no namespace is given. Give that of your "
            f"profile: --namespace NAME",
            ExitCode.BAD_SPEC,
        )
    ui = os.environ.get(UI) or host or os.environ.get(HOST)
    return Server(client, where, _address(ui) if ui else None, namespace or None)


class _Client(kfp.client.Client):
    """kfp.Client, which asks nothing before it is told how long to wait."""

    def get_kfp_healthz(self, sleep_duration: int = 5) -> Any:  # noqa: ARG002
        """Nothing: kfp 2.16 asks five times, 5 s apart, and logs a stack each time."""
        return kfp_server_api.V2beta1GetHealthzResponse(multi_user=False)


class _Rest(rest.RESTClientObject):
    """Requests that end in time, and errors that say what to do."""

    def __init__(self, configuration: Any, login: str):
        super().__init__(configuration)
        self._host, self._login = configuration.host, login

    def request(self, method: str, url: str, **given: Any) -> Any:
        """The answer to one request.

        Raises:
            ServerError: if there is none, or it is not the API's.
        """
        given["_request_timeout"] = given.get("_request_timeout") or _TIME_OUT
        try:
            response = super().request(method, url, **given)
        except kfp_server_api.ApiException as error:
            body = (error.body or b"").decode("utf-8", "replace")
            raise refusals.refused(
                error.status, _lower(error.headers), body, self._host, self._login
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise refusals.unanswered(error, self._host) from None
        headers = _lower(response.getheaders())
        if refusals.is_page(headers):
            raise refusals.refused(response.status, headers, "", self._host, self._login)
        return response


def _token() -> tuple[str | None, str]:
    """A token, if it is given as text, and where it or its file comes from.

    Raises:
        ServerError: if it cannot be read, or cannot be one; it is never part of the message.
    """
    token = os.environ.get(TOKEN, "").strip()
    if token:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ServerError(
                f"{TOKEN}: is no token: it has blanks or characters that a header cannot hold. "
                f"Give the token alone, without `Bearer`",
                ExitCode.BAD_SPEC,
            )
        return token, TOKEN
    path = os.environ.get(TOKEN_FILE) or (str(_MOUNTED) if _MOUNTED.exists() else "")
    if not path:
        return None, ""
    try:
        pathlib.Path(path).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        sentence = f"{path}: the token of {TOKEN_FILE} cannot be read: {reason}"
        raise ServerError(sentence, ExitCode.BAD_SPEC) from None
    return None, path


def _own_namespace() -> str:
    """Of the pod this runs in, or nothing."""
    try:
        return pathlib.Path(kfp.client.Client._NAMESPACE_PATH).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _address(host: str) -> str:
    """As kfp.Client reads it: HTTPS unless it says otherwise."""
    return (host if host.startswith("http") else f"https://{host}").rstrip("/")


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what kfp prints, warns of and logs from the terminal; its errors still come."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
