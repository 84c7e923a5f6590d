"""Places in an object store, as they are called in a pod and outside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kubeflow import uris


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("minio://mlpipeline/a/b", "/minio/mlpipeline/a/b"),
        ("s3://bucket/key", "/s3/bucket/key"),
        ("gs://bucket/key", "/gcs/bucket/key"),
    ],
)
def test_the_launcher_keeps_a_bucket_below_a_folder_of_the_pod(uri, path):
    assert uris.local(uri) == path
    assert uris.remote(path) == uri


@given(st.sampled_from(["minio", "s3", "gs"]), st.text(min_size=1))
def test_there_and_back_is_the_same_place(scheme, key):
    uri = f"{scheme}://{key}"

    assert uris.remote(uris.local(uri)) == uri


def test_other_places_are_left_as_they_are():
    assert uris.local("/headrace/flights") == "/headrace/flights"
    assert uris.remote("/headrace/serving/17") == "/headrace/serving/17"
