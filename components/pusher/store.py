"""Versions of a model in an object store: S3, MinIO and whatever speaks its API, or Google's.

Credentials come from the environment, as the stores' own tools take them: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL, or Google's application default.
"""

import os
import pathlib
import shutil
import time
import urllib.parse
from typing import Any

SCHEMES = ("s3://", "minio://", "gs://")
_GRAPH = "saved_model.pb"


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
        self._uri, self._path = uri.rstrip("/"), path
        self._files = _google() if scheme == "gs" else _s3(self._uri)

    def versions(self) -> list[int]:
        """The numbers of all versions, in order."""
        from pyarrow import fs

        below = fs.FileSelector(self._path, allow_not_found=True)
        names = [found.base_name for found in self._files.get_file_info(below)]
        return sorted(int(name) for name in names if name.isdecimal())

    def put(self, model: pathlib.Path) -> str:
        """Uploads a SavedModel as a new version; its URI.

        A store cannot rename, so the graph, without which nobody can load a version, comes last.

        Raises:
            OSError: if the store refuses; what was uploaded of the version is removed.
        """
        version = max([int(time.time()), *(number + 1 for number in self.versions())])
        files = [path for path in sorted(model.rglob("*")) if path.is_file()]
        try:
            for file in sorted(files, key=lambda path: path.name == _GRAPH):
                target = f"{self._path}/{version}/{file.relative_to(model).as_posix()}"
                with file.open("rb") as source, self._files.open_output_stream(target) as sink:
                    shutil.copyfileobj(source, sink, 2**20)
        except BaseException:
            self._remove(version)
            raise
        return f"{self._uri}/{version}"

    def read(self, version: int, name: str) -> str | None:
        """A text file of a version, or None."""
        try:
            with self._files.open_input_stream(f"{self._path}/{version}/{name}") as source:
                return bytes(source.read()).decode("utf-8")
        except FileNotFoundError:
            return None

    def fetch(self, version: int, folder: pathlib.Path) -> None:
        """Downloads a version into a new folder."""
        from pyarrow import fs

        root = f"{self._path}/{version}"
        for found in self._files.get_file_info(fs.FileSelector(root, recursive=True)):
            target = folder / pathlib.PurePosixPath(found.path).relative_to(root)
            if found.type != fs.FileType.File:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._files.open_input_stream(found.path) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 2**20)

    def _remove(self, version: int) -> None:
        try:
            self._files.delete_dir(f"{self._path}/{version}")
        except OSError:  # the first error is the one to tell
            return


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
