"""What may go wrong between us and the server of Kubeflow Pipelines, a sentence each."""

import enum
import json
from collections.abc import Mapping
from typing import Any

import urllib3.exceptions as failures

from pipeline.failure import ExitCode

_LONGEST = 600  # characters of a server's message: it may hold a whole stack


class ServerExit(enum.IntEnum):
    """Exit codes of `headrace submit` and `status` that `headrace run` has no use for."""

    UNREACHABLE = 6  # the server is not there, does not let us in, or has no room
    RUN_FAILED = 7  # it failed or was canceled; of --wait


class ServerError(RuntimeError):
    """The server cannot be asked, or refuses what it is asked.

    Attributes:
        sentence: what is said to people.
        code: the exit code.
        status: of HTTP, if it answered.
        passing: whether it may well answer if asked again.
    """

    def __init__(
        self,
        sentence: str,
        code: int = ServerExit.UNREACHABLE,
        status: int | None = None,
        passing: bool = False,
    ):
        self.sentence, self.code, self.status, self.passing = sentence, code, status, passing
        super().__init__(sentence)


def no_host() -> ServerError:
    """Neither the command line nor the environment nor a cluster names a server."""
    return ServerError(
        "no server of Kubeflow Pipelines: --host is not given, KF_PIPELINES_ENDPOINT is not set, "
        "this is no pod of a cluster, and there is no kubeconfig. Give --host, for example "
        "http://localhost:8080 after `kubectl port-forward -n kubeflow svc/ml-pipeline-ui 8080:80`",
        ExitCode.BAD_SPEC,
    )


def unanswered(error: failures.HTTPError, host: str) -> ServerError:
    """There is no answer at all."""
    cause = getattr(error, "reason", None) or error  # urllib3's MaxRetryError holds what it met
    match cause:
        case failures.NameResolutionError():
            said = f"{host}: the name does not resolve. Check --host, and the network or VPN"
        case failures.NewConnectionError():
            said = (
                f"{host}: nothing answers there ({_reason(cause)}). Check --host; if it is a "
                f"port-forward, that it runs"
            )
        case failures.SSLError():
            plain = f"http://{host.partition('//')[2]}"
            said = (
                f"{host}: TLS fails: {_short(str(cause))}. If it speaks plain HTTP, give --host "
                f"{plain}; if its certificate is of an authority of your own, name that's file in "
                f"SSL_CERT_FILE"
            )
        case failures.TimeoutError():
            said = f"{host}: no answer in time. Check --host, the network and the server's load"
        case _:
            said = f"{host}: the connection broke: {_short(str(cause))}"
    return ServerError(said, passing=True)


def refused(
    status: int, headers: Mapping[str, str], body: str, host: str, login: str
) -> ServerError:
    """The server answered, and not as it was asked.

    Args:
        status: of HTTP.
        headers: of the answer.
        body: of the answer: google.rpc.Status as JSON, the upload server's JSON, or text.
        host: the server's address.
        login: where the token came from; empty: there was none.
    """
    page = is_page(headers)
    said = "" if page else _message(body)
    if status == 429 or (not page and "quota" in body.lower()):
        return ServerError(
            f"{host}: no room at present ({status}): {said or 'too many requests'}. Try again "
            f"later, or ask for a larger quota",
            status=status,
            passing=status == 429,
        )
    if 300 <= status < 400 or status == 401 or (page and status in (200, 403)):
        return _not_let_in(status, headers, host, login)
    if status == 403:
        return ServerError(
            f"{host}: this login may not do that (403): {said}. Check --namespace, or ask for the "
            f"right to it",
            status=status,
        )
    if status == 404 and (page or not said.endswith("not found.")):
        return ServerError(
            f"{host}: there is no v2beta1 API of Kubeflow Pipelines (404). Check --host; "
            f"servers before 2.0 do not have it",
            ExitCode.BAD_SPEC,
            status,
        )
    if status >= 500:
        told = said or "a web page instead of a reason"
        sentence = f"{host}: the server failed ({status}): {told}"
        return ServerError(sentence, status=status, passing=True)
    return ServerError(f"{host}: refused ({status}): {said}", ExitCode.BAD_SPEC, status)


def is_page(headers: Mapping[str, str]) -> bool:
    """Whether an answer is for a browser: the API never answers with HTML."""
    return headers.get("content-type", "").startswith("text/html")


def _not_let_in(status: int, headers: Mapping[str, str], host: str, login: str) -> ServerError:
    """Dex and oauth2-proxy send browsers to a page; an API client is told nothing."""
    target = headers.get("location", "")
    if status in (301, 308) and target.startswith("https://") and host.startswith("http://"):
        sentence = (
            f"{host}: it answers by HTTPS only. Give --host https://{host.partition('//')[2]}"
        )
        return ServerError(sentence, ExitCode.BAD_SPEC, status)
    what = "refuses the login" if status == 401 else "answers with a login page, not the API"
    cure = (
        f"The token of {login} was not taken: it may have expired, or be for another audience"
        if login
        else "No token was given: set KFP_EXISTING_TOKEN, or use a port-forward"
    )
    return ServerError(f"{host}: it {what} ({status}). {cure}", status=status)


def _message(body: str) -> str:
    """What the server says, without the stack that it says it with.

    common/util/error.go (ToGRPCError) puts the words for users into the details, and
    apiserver/server/pipeline_upload_server.go into error_message.
    """
    try:
        told = json.loads(body)
    except ValueError:
        return _short(body)
    if not isinstance(told, dict):
        return _short(body)
    for_users = [
        text
        for detail in told.get("details") or ()
        if isinstance(detail, dict) and (text := str(detail.get("message") or ""))
    ]
    if for_users and for_users[0] != "Internal Server Error":
        return _short(for_users[0])
    return _short(str(told.get("message") or told.get("error_message") or told.get("error") or ""))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def _reason(error: Any) -> str:
    """`[Errno 111] Connection refused` of urllib3's longer sentence."""
    cause = error.__cause__ or error.__context__
    return _short(str(cause if isinstance(cause, OSError) else error))
