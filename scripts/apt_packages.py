"""Packages of a newer Debian or Ubuntu release, checked and fetched by the machine's own apt.

Nothing is installed, and apt's own state is not touched: lists, cache and sources are in a
folder of ours, so this needs no root either.
"""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from scripts.commands import SetupError, clean_environment, run_logged

_WAY_OUT = "use a system whose own is new enough, such as Debian 13 or Ubuntu 24.04"


class Release(NamedTuple):
    """A release to take packages from, and the keys that must have signed it."""

    suite: str
    keyring: Path


# The oldest release of each family whose C and C++ libraries are new enough.
_RELEASES = {
    "debian": Release("trixie", Path("/usr/share/keyrings/debian-archive-keyring.gpg")),
    "ubuntu": Release("noble", Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")),
}

# Lists of our own, no part of the machine's sources, and none of its hooks: Docker images
# delete downloads after each apt command. Proxies, certificates and credentials stay.
_CONFIGURATION = """\
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "{folder}/none";
Dir::Etc::preferences "{folder}/none/preferences";
Dir::Etc::preferencesparts "{folder}/none";
APT::Architecture "amd64";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def download(packages: Iterable[str], folder: Path, log: Path) -> list[Path]:
    """The newest `packages` of the release above, as .deb files in `folder`.

    Raises:
        SetupError: when there is no apt-get, no mirror, no keyring or no network.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise SetupError(
            f"Headrace needs a newer C library than this system's, and fetches it with apt-get "
            f"and dpkg-deb, which are not on the PATH: install them, or {_WAY_OUT}."
        )
    system = platform.freedesktop_os_release()
    release = release_for(system)
    if not release.keyring.exists():
        raise SetupError(f"{release.keyring} is needed, to check the newer C library's signature.")
    mirror = choose_mirror(_addresses(), codenames(system))
    configuration = _write_configuration(folder, release, mirror)
    sentence = (
        f"The newer C library could not be fetched from the mirror that this machine's apt "
        f"names (see {log.name}): connect to the network and try again, or {_WAY_OUT}."
    )
    apt = ("apt-get", "--quiet", "--config-file", configuration)
    run_logged(*apt, "update", log=log, failure=sentence)
    archives = folder / "archives"
    archives.mkdir()
    # apt-get download writes into the working directory.
    run_logged(*apt, "download", *packages, log=log, failure=sentence, folder=archives)
    return sorted(archives.glob("*.deb"))


def release_for(system: Mapping[str, str]) -> Release:
    """The release to take packages from, for a system described by its os-release file.

    Raises:
        SetupError: when the system is neither Debian, Ubuntu nor derived from them.
    """
    families = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    for family in ("ubuntu", "debian"):  # Ubuntu calls itself like Debian, not the other way
        if family in families:
            return _RELEASES[family]
    name = system.get("PRETTY_NAME", "this system")
    raise SetupError(f"{name} has too old a C library, and no newer one by apt-get: {_WAY_OUT}.")


def codenames(system: Mapping[str, str]) -> set[str]:
    """Names under which a mirror may hold the system's own release."""
    fields = ("VERSION_CODENAME", "UBUNTU_CODENAME", "DEBIAN_CODENAME")
    return {system[field] for field in fields if system.get(field)} | {"stable", "oldstable"}


def choose_mirror(addresses: str, releases: set[str]) -> str:
    """The address of the mirror that serves one of `releases`.

    Args:
        addresses: what `apt-get --print-uris update` prints, a quoted address first in each line.
        releases: names of the system's own release.

    Raises:
        SetupError: when no line fits.
    """
    for mirror, release in re.findall(
        r"^'(\S+/)dists/([^/']+)/InRelease'", addresses, re.MULTILINE
    ):
        if release in releases and not mirror.startswith("cdrom:"):
            return str(mirror)
    raise SetupError(
        f"Headrace needs a newer C library than this system's, but apt's sources name no mirror "
        f"of this system's release to fetch it from: add one, or {_WAY_OUT}."
    )


def _addresses() -> str:
    """All that apt would fetch to update itself, in whatever format its sources are written."""
    # Not `apt-get indextargets`, which is empty on a machine that has never updated.
    command = ["apt-get", "--print-uris", "update"]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=clean_environment()
    ).stdout


def _write_configuration(folder: Path, release: Release, mirror: str) -> Path:
    """A file for `apt-get --config-file` that keeps apt within `folder`."""
    for name in ("state/lists/partial", "cache/archives/partial", "none"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(
        f"deb [arch=amd64 signed-by={release.keyring}] {mirror} {release.suite} main\n",
        encoding="utf-8",
    )
    configuration = folder / "apt.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder), encoding="utf-8")
    return configuration
