"""Builds the image with podman, buildah or docker, whichever is there, and says how large it is.

python3 -m scripts.image.build --tag registry.example/headrace:1
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_BUILDERS = ("podman", "buildah", "docker")


class BuildError(Exception):
    """There will be no image. The text is one sentence that says what is needed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the image is built; 1, after a sentence that says why, when it is not."""
    given = _parser().parse_args(arguments)
    try:
        check_names_a_version(given.tag)
        check_names_a_version(given.base)
        builder = find_builder(given.builder)
        options = [
            *("--tag", given.tag),
            *build_arguments(given.base),
            *secrets(given.pip_conf, given.certificates),
            *given.options,
        ]
        started = time.monotonic()
        # Without layers buildah makes one of everything, to be pushed again with every commit.
        layers = ["--layers"] if builder == "buildah" else []
        _run(builder, "build", *layers, *options, ".")
        seconds = time.monotonic() - started
        print(f"Built {given.tag} in {seconds:.0f} s with {builder}: {size(builder, given.tag)}")
        print(f"Push it: {builder} push {given.tag}")
    except BuildError as stop:
        print(f"No image: {stop}", file=sys.stderr)
        return 1
    return 0


def check_names_a_version(image: str) -> None:
    """Raises BuildError for an image without tag or digest, or with the tag latest."""
    last = image.rpartition("/")[2]
    if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
        raise BuildError(f"{image!r} names no version; give a tag other than latest, or a digest.")


def find_builder(wanted: str | None) -> str:
    """The builder that is wanted, or the first that is there.

    Raises:
        BuildError: if it is not on the PATH, or none is.
    """
    looked_for = (wanted,) if wanted else _BUILDERS
    for name in looked_for:
        if shutil.which(name):
            return name
    raise BuildError(
        f"{' or '.join(looked_for)} is not on the PATH. Install one that suits: on Debian, "
        f"`apt-get install buildah`."
    )


def build_arguments(base: str) -> list[str]:
    """What the image is made from, and says of itself."""
    source = _git("remote", "get-url", "origin")
    values = {
        "BASE": base,
        "REVISION": _git("describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"),
        "SOURCE": re.sub(r"//[^@/]*@", "//", source),  # such an address may hold a password
        "VERSION": version(_ROOT / "setup.py"),
    }
    return [f"--build-arg={name}={value}" for name, value in values.items() if value]


def version(setup: Path) -> str:
    """The `version` of a setup.py, which is read and not run."""
    for node in ast.walk(ast.parse(setup.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "version":
            return str(ast.literal_eval(node.value))
    raise BuildError(f"{setup} has no version.")


def secrets(pip_conf: Path | None, certificates: Path | None) -> list[str]:
    """Files that the build may read, and that are in no layer.

    Raises:
        BuildError: if one is not there.
    """
    files = {"pip": pip_conf, "certificates": certificates}
    given = {name: file.absolute() for name, file in files.items() if file}
    for file in given.values():
        if not file.is_file():
            raise BuildError(f"{file} is not there.")
    return [f"--secret=id={name},src={file}" for name, file in given.items()]


def size(builder: str, tag: str) -> str:
    """Of all layers, as they lie on a node's disk."""
    command = {
        "buildah": ["buildah", "images", "--format", "{{.Size}}", tag],
    }.get(builder, [builder, "image", "inspect", "--format", "{{.Size}}", tag])
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return f"{int(text) / 1e9:.2f} GB" if text.isdecimal() else text


def default_base(dockerfile: Path) -> str:
    """What the Dockerfile itself starts from."""
    found = re.search(r"^ARG BASE=(\S+)$", dockerfile.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise BuildError(f"{dockerfile} has no ARG BASE with a default.")
    return found[1]


def _git(*words: str) -> str:
    """What git says of this checkout; nothing, where it is none."""
    try:
        told = subprocess.run(
            ["git", *words], cwd=_ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return told.stdout.strip()


def _run(*command: str) -> None:
    # Docker reads `RUN --mount` with BuildKit alone, which old ones have to be told.
    environment = os.environ | {"DOCKER_BUILDKIT": "1"}
    try:
        subprocess.run(command, cwd=_ROOT, check=True, env=environment)
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{command[0]} ended with code {error.returncode}; see above.") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m scripts.image.build",
        description="Builds the image that the pods of a cluster run.",
        epilog="What follows -- is handed to the builder: -- --isolation chroot",
    )
    parser.add_argument("--tag", required=True, help="such as registry.example/headrace:1")
    parser.add_argument(
        "--base",
        default=default_base(_ROOT / "Dockerfile"),
        help="Debian 13, by tag or digest; default: %(default)s",
    )
    parser.add_argument("--builder", choices=_BUILDERS, help="default: the first that is there")
    parser.add_argument("--pip-conf", type=Path, help="names a package index of your own")
    parser.add_argument("--certificates", type=Path, help="that the index is known by, as PEM")
    parser.add_argument("options", nargs="*", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
