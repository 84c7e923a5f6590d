"""What a worker process of Beam has to load."""

import subprocess
import sys


def test_workers_start_without_tensorflow():
    code = "import components.example_gen.ingest, sys; print(*sys.modules)"

    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert not {"tensorflow", "tfx", "tfx_bsl", "keras"} & set(found.stdout.split())
