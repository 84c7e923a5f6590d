"""Where KFP's launcher puts what lies in an object store, and back.

It downloads inputs of minio://bucket/key to /minio/bucket/key before the pod's own command, and
uploads outputs from there afterwards; s3:// and gs:// likewise (launcher_v2.go,
`LocalPathForURI`). What is written anywhere else is lost.
"""

_FOLDERS = {"minio://": "/minio/", "s3://": "/s3/", "gs://": "/gcs/"}


def local(uri: str) -> str:
    """`minio://bucket/key` -> `/minio/bucket/key`; anything else as it is."""
    for scheme, folder in _FOLDERS.items():
        if uri.startswith(scheme):
            return folder + uri.removeprefix(scheme)
    return uri


def remote(path: str) -> str:
    """`/minio/bucket/key` -> `minio://bucket/key`; anything else as it is."""
    for scheme, folder in _FOLDERS.items():
        if path.startswith(folder):
            return scheme + path.removeprefix(folder)
    return path
