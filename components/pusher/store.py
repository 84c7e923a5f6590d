"""Versions of a model in an object store: S3, MinIO and whatever speaks its API, or Google's.

Credentials come from the environment, as the stores' own tools take them: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL, or Google's application default.
"""

import contextlib
import datetime
import os
import pathlib
import shutil
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

from components.pusher import manifest as manifests
from components.pusher.manifest import Manifest, check_same, restored
from components.pusher.sums import Sums, sum_of, sums
from components.pusher.version import next_number, numbers, surplus

SCHEMES = ("s3://", "minio://", "gs://")
_GRAPH = "saved_model.pb"  # without it nobody can load a version: it comes last, and goes first
_CHUNK = 2**20
_LONG = datetime.timedelta(days=1)  # after which a push is over


def is_store(destination: str) -> bool:
    """Whether versions go to an object store, and not to a folder."""
    return destination.startswith(SCHEMES)


class Store:
    """A place in an object store below which versions lie, each a number."""

    def __init__(self, uri: str) -> None:
        """Takes `s3://bucket/path`, `minio://...` or `gs://...`; nothing is asked for yet.

        Raises:
            OSError: for a minio:// URI without AWS_ENDPOINT_URL.
        """
        scheme, _, path = uri.rstrip("/").partition("://")
        self.uri, self._path = uri.rstrip("/"), path
        self._files = _google() if scheme == "gs" else _s3(self.uri)

    def versions(self) -> list[int]:
        """The numbers of all versions that are whole, in order."""
        from pyarrow import fs

        every = self._numbers()
        graphs = self._files.get_file_info([f"{self._path}/{each}/{_GRAPH}" for each in every])
        return [
            each
            for each, graph in zip(every, graphs, strict=True)
            if graph.type == fs.FileType.File
        ]

    def manifest(self, version: int) -> Manifest | None:
        """What a version says of itself; None if it says nothing, or is gone."""
        return manifests.parsed(self.read(version, manifests.FILE))

    @contextlib.contextmanager
    def local(self, version: int) -> Iterator[pathlib.Path]:
        """A folder on this machine with the files of a version, until the block ends."""
        with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
            self.fetch(version, pathlib.Path(folder))
            yield pathlib.Path(folder)

    def put(
        self, model: pathlib.Path, manifest: Manifest, check: Callable[[pathlib.Path], None]
    ) -> int:
        """Uploads a SavedModel as a new version, the highest.

        A store cannot rename, so the graph, without which nobody can load a version, comes last,
        when all else has been read back and is as it was sent.

        Args:
            model: folder of the SavedModel.
            manifest: what there is to say of it; number, time and files are filled in.
            check: raises if the model is not fit to be served.

        Raises:
            OSError: if the store refuses; what was uploaded of the version is removed.
            VersionError: if what was uploaded is not the source; it is removed.
        """
        check(model)
        found = sums(model, manifests.FILE)
        self._sweep()
        version = next_number(self._numbers())
        rest = {name: each for name, each in found.items() if name != _GRAPH}
        last = {name: each for name, each in found.items() if name == _GRAPH}
        try:
            with self._sink(version, manifests.FILE) as sink:
                sink.write(manifest.of(version, found).text().encode())
            for part in (rest, last):
                self._upload(version, model, part)
        except BaseException:
            self._remove(version)
            raise
        return version

    def trim(self, keep: int) -> list[int]:
        """Removes all but the newest versions, and gives the numbers of those that went."""
        going = surplus({each: restored(self.manifest(each)) for each in self.versions()}, keep)
        for version in going:
            self._remove(version)
        return going

    def read(self, version: int, name: str) -> str | None:
        """A text file of a version, or None."""
        try:
            with self._source(version, name) as source:
                return bytes(source.read()).decode("utf-8", "replace")
        except FileNotFoundError:
            return None

    def fetch(self, version: int, folder: pathlib.Path) -> None:
        """Downloads a version into a folder.

        Raises:
            OSError: if the store refuses, or names a file that would lie elsewhere.
        """
        from pyarrow import fs

        root = f"{self._path}/{version}"
        for found in self._files.get_file_info(fs.FileSelector(root, recursive=True)):
            if found.type != fs.FileType.File:
                continue
            target = folder / pathlib.PurePosixPath(found.path).relative_to(root)
            if ".." in target.parts:
                raise OSError(f"{self.uri}/{version}: has a file {found.path!r}, which leaves it")
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._files.open_input_stream(found.path) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, _CHUNK)

    def _upload(self, version: int, model: pathlib.Path, part: Sums) -> None:
        """Sends files, and reads back what has come of them."""
        for name in part:
            with (model / name).open("rb") as source, self._sink(version, name) as sink:
                shutil.copyfileobj(source, sink, _CHUNK)
        came = {}
        for name in part:
            with self._source(version, name) as source:
                came[name] = sum_of(source)
        check_same(f"{self.uri}/{version}", came, part)

    def _sweep(self) -> None:
        """Removes what pushes that were killed have left: all of it is old, and has no graph."""
        from pyarrow import fs

        whole = set(self.versions())
        for version in (each for each in self._numbers() if each not in whole):
            below = fs.FileSelector(f"{self._path}/{version}", recursive=True)
            times = [found.mtime for found in self._files.get_file_info(below) if found.mtime]
            if times and datetime.datetime.now(datetime.UTC) - max(times) > _LONG:
                self._remove(version)

    def _numbers(self) -> list[int]:
        from pyarrow import fs

        below = fs.FileSelector(self._path, allow_not_found=True)
        return numbers(found.base_name for found in self._files.get_file_info(below))

    def _sink(self, version: int, name: str) -> Any:
        return self._files.open_output_stream(f"{self._path}/{version}/{name}")

    def _source(self, version: int, name: str) -> Any:
        return self._files.open_input_stream(f"{self._path}/{version}/{name}")

    def _remove(self, version: int) -> None:
        with contextlib.suppress(OSError):  # there is none yet
            self._files.delete_file(f"{self._path}/{version}/{_GRAPH}")
        with contextlib.suppress(OSError):  # the first error is the one to tell
            self._files.delete_dir(f"{self._path}/{version}")


def _s3(uri: str) -> Any:
    from pyarrow import fs

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        if uri.startswith("minio://"):
            raise OSError(f"{uri}: MinIO has no address of its own. Set AWS_ENDPOINT_URL")
        return fs.S3FileSystem(region=os.environ.get("AWS_REGION"))
    split = urllib.parse.urlsplit(endpoint)
    region = os.environ.get("AWS_REGION", "us-east-1")  # which others than AWS do not look at
    return fs.S3FileSystem(endpoint_override=split.netloc, scheme=split.scheme, region=region)


def _google() -> Any:
    from pyarrow import fs

    return fs.GcsFileSystem()
