"""Keeps web pages away from a server that is meant for this machine."""

import http
import ipaddress
import urllib.parse
from collections.abc import Mapping

from pipeline.serving.refusal import Refused

_OWN = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether an address is that of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_headers(headers: Mapping[str, str], host: str) -> None:
    """Refuses what a browser sends for a page that is not ours.

    A page may point a name of its own at 127.0.0.1 and then ask it (DNS rebinding), or post to it
    without seeing the answer; `Host` and `Origin` are names that it cannot choose.

    Args:
        headers: of the request.
        host: that the server listens on; nothing is refused unless it is this machine's alone.

    Raises:
        Refused: with status 403.
    """
    if not is_loopback(host):
        return
    given = {"Host": f"//{headers.get('Host', '')}", "Origin": headers.get("Origin", "")}
    for header, url in given.items():
        if header in headers and _name(url) not in _OWN | {host}:
            raise Refused(
                f"{header}: this server answers for localhost only. --host lets others in",
                http.HTTPStatus.FORBIDDEN,
            )


def _name(url: str) -> str | None:
    try:
        return urllib.parse.urlsplit(url).hostname
    except ValueError:
        return None
