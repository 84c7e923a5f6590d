"""A push that is killed at any moment leaves what is served as it was."""

import pathlib
import random
import shutil
import subprocess
import sys
import time

import pytest

from components.pusher import prediction
from components.pusher.folder import Folder
from components.pusher.manifest import Manifest, check_files
from components.pusher.sums import sums

TIMES = 50
# Pushes, goes back to the version before, and removes old ones, until it is killed.
PROGRAM = """
import pathlib, sys
from components.pusher.folder import Folder
from components.pusher.manifest import Manifest

model, serving = map(pathlib.Path, sys.argv[1:])
folder = Folder(serving)
print("begun", flush=True)
while True:
    folder.put(model, Manifest(), lambda _: None)
    before = folder.versions()[-2]
    folder.put(serving / str(before), Manifest(restores=before), lambda _: None)
    folder.trim(2)
"""


@pytest.mark.slow
def test_whenever_a_push_is_killed_every_version_is_whole_and_the_served_one_answers(
    saved_model, tmp_path
):
    chance, serving = random.Random(0), tmp_path / "serving"
    model = shutil.copytree(saved_model, tmp_path / "model")
    (model / "assets" / "vocabulary").write_bytes(bytes(8_000_000))
    expected = sums(model)
    folder = Folder(serving)
    for _ in range(2):
        folder.put(model, Manifest(), lambda _: None)

    for _ in range(TIMES):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, model, serving], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout.readline() == b"begun\n"
            time.sleep(chance.uniform(0, 0.3))
            process.kill()

        versions = folder.versions()
        assert len(versions) >= 2
        for version in versions:
            manifest = folder.manifest(version)
            assert manifest.version == version
            assert manifest.files == expected
            check_files(serving / str(version), manifest)

    prediction.check(serving / str(folder.versions()[-1]))
    folder.put(model, Manifest(), prediction.check)
    assert folder.leftovers() == []
    assert all(entry.name.isdecimal() for entry in pathlib.Path(serving).iterdir())
