"""When a process looks for garbage."""

import subprocess
import sys

_CODE = """
import gc
from pipeline import process

before = gc.get_threshold()
process.imported()
assert gc.isenabled() and gc.get_threshold() == before and gc.get_freeze_count() == 0
process.begin()
assert not gc.isenabled()
process.imported()
assert gc.isenabled() and gc.get_threshold()[0] > before[0] and gc.get_freeze_count() > 0
process.end(7)
"""


def test_garbage_is_looked_for_once_all_is_imported_and_only_by_who_asked_for_a_late_start():
    assert subprocess.run([sys.executable, "-c", _CODE], check=False).returncode == 7
