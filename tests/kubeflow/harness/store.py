"""The object store: objects of one bucket as files of one folder.

As backend/src/v2/objectstore/{config,object_store}.go and LocalPathForURI of
backend/src/v2/component/launcher_v2.go have it.
"""

import os
import pathlib
import re
import shutil

from tests.kubeflow.harness.cluster import TaskError, Trap

# Where the launcher keeps what it downloads, and looks for what it uploads.
STAGING = {"gs": "gcs", "minio": "minio", "s3": "s3"}
_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9]+)://(?P<bucket>[^/?]+)(/(?P<key>[^?]*))?(\?.*)?")


def local_path(uri: str) -> str | None:
    """The path of an artifact in a pod; None where the launcher knows none.

    oci:// has one too, but a sidecar provides it, which is not played here.
    """
    scheme, _, rest = uri.partition("://")
    return f"/{STAGING[scheme]}/{rest}" if scheme in STAGING else None


class Store:
    """The one bucket of a cluster."""

    def __init__(self, folder: pathlib.Path, root: str) -> None:
        match = _URI.fullmatch(root)
        if not match or match["scheme"] not in STAGING:
            raise ValueError(
                f"Cluster.root is {root!r}; a pipeline root is {' or '.join(STAGING)}://bucket/…."
            )
        self.root = root.split("?", maxsplit=1)[0].rstrip("/")
        self._folder = folder
        self._bucket = f"{match['scheme']}://{match['bucket']}"

    def path(self, uri: str) -> pathlib.Path:
        """The file or folder of a URI. Raises TaskError for another bucket or an empty key."""
        match = _URI.fullmatch(uri)
        if not match or match["scheme"] not in STAGING:
            raise TaskError(
                f"{uri!r} is in no object store (ParseBucketConfigForArtifactURI, config.go); "
                f"expected {', '.join(f'{scheme}://' for scheme in STAGING)}."
            )
        if f"{match['scheme']}://{match['bucket']}" != self._bucket:
            raise TaskError(f"{uri!r} is in another bucket than {self._bucket}, the only one here.")
        key = (match["key"] or "").strip("/")
        if not key or ".." in key.split("/"):
            raise TaskError(f"{uri!r} has no key in {self._bucket} (KeyFromURI, config.go).")
        return self._folder / key

    def download(self, uri: str, target: pathlib.Path) -> None:
        """Copies the object, or all below the URI. Of no objects nothing comes, not even a folder.

        DownloadBlob lists keys: whoever finds none has not failed.
        """
        source = self.path(uri)
        for file in _files(source):
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)

    def target(self, uri: str) -> pathlib.Path:
        """Where an output goes. Raises TaskError outside the pipeline root, as KeyFromURI does."""
        if not uri.startswith(f"{self.root}/"):
            raise TaskError(f"{uri!r} is not below the pipeline root {self.root!r} (KeyFromURI).")
        return self.path(uri)

    def upload(self, source: pathlib.Path, uri: str) -> tuple[str, ...]:
        """Keys of the objects made from a file or the files of a folder, without empty folders."""
        target = self.target(uri)
        for file in _files(source):
            if file.is_symlink():
                # uploadFile opens what a link names: a folder fails, a file is copied. Either
                # depends on the pod's view of the link, which is gone.
                raise Trap(f"{uri!r}: {file.relative_to(source)} is a link; write a file instead.")
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        return tuple(str(file.relative_to(self._folder)) for file in _files(target))


def _files(path: pathlib.Path) -> list[pathlib.Path]:
    if not path.is_dir() or path.is_symlink():
        return [path] if os.path.lexists(path) else []
    return sorted(
        pathlib.Path(folder, name)
        for folder, folders, names in os.walk(path)
        for name in (*names, *(each for each in folders if pathlib.Path(folder, each).is_symlink()))
    )
