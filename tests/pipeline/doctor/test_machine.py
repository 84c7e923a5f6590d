"""Memory, processors, shared memory and open files, also where control groups limit them."""

import os
import resource
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.doctor import machine
from pipeline.doctor.cgroups import Groups

GB = 10**9


@pytest.fixture
def groups(tmp_path):
    """The control groups of a process, from the lines about it and files with their texts."""

    def groups(own, **files):
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Groups(tmp_path, tmp_path / "own")

    return groups


@pytest.fixture
def meminfo(tmp_path):
    """A machine of 8 GB, of which 4 are free: 1 GB is 976,562.5 kB."""
    path = tmp_path / "meminfo"
    path.write_text("MemTotal:  7812500 kB\nMemAvailable:  3906250 kB\nHugePages_Total:  0\n")
    return path


def test_without_limits_the_memory_is_that_of_the_machine(groups, meminfo):
    (finding,) = machine.memory(groups("0::/\n"), meminfo)

    assert (finding.state, finding.text) == ("ok", "4.0 GB free of 8.0 GB")


def test_the_narrowest_group_around_a_process_limits_its_memory(groups, meminfo):
    # Of the 3 GB of the pod 2 are used, half a GB being cache that yields: 1.5 GB are left.
    found = groups(
        "0::/pod/container\n",
        pod__memory_DOT_max="3000000000\n",
        pod__memory_DOT_current="2000000000\n",
        pod__memory_DOT_stat="anon 1\ninactive_file 500000000\n",
        pod__container__memory_DOT_max="max\n",
        pod__container__memory_DOT_current="2000000000\n",
    )

    (finding,) = machine.memory(found, meminfo)

    assert finding.state == "warning"
    assert finding.text.startswith("1.5 GB free of 3.0 GB that its control group allows; ")


def test_groups_of_version_1_are_told_too_also_seen_from_inside_a_container(groups, meminfo):
    # The path is the one outside; inside, the container's own group is the root.
    found = groups(
        "4:memory:/docker/0123\n1:cpu,cpuacct:/docker/0123\n0::/\n",
        memory__memory_DOT_limit_in_bytes="1000000000\n",
        memory__memory_DOT_usage_in_bytes="400000000\n",
        memory__memory_DOT_stat="total_inactive_file 100000000\n",
    )

    (finding,) = machine.memory(found, meminfo)

    # 1 GB - (0.4 - 0.1) GB
    assert finding.state == "problem"
    assert finding.text.startswith("700 MB free of 1.0 GB that its control group allows; ")


@given(
    limits=st.lists(st.none() | st.integers(0, 64 * GB), max_size=4),
    used=st.integers(0, 64 * GB),
    cache=st.integers(0, 64 * GB),
)
def test_what_is_left_is_never_less_than_nothing_nor_more_than_any_limit(
    tmp_path_factory, limits, used, cache
):
    root = tmp_path_factory.mktemp("groups")
    folder = root
    for at, limit in enumerate(limits):
        folder = folder / f"g{at}"
        folder.mkdir()
        (folder / "memory.max").write_text("max" if limit is None else str(limit))
        (folder / "memory.current").write_text(str(used))
        (folder / "memory.stat").write_text(f"inactive_file {cache}\n")
    (root / "own").write_text(f"0::/{folder.relative_to(root)}\n")

    found = list(Groups(root, root / "own").memory())

    assert sorted(most for most, _ in found) == sorted(each for each in limits if each is not None)
    assert all(0 <= left <= most for most, left in found)


def test_the_memory_of_this_machine_can_be_told():
    (finding,) = machine.memory()

    assert " free of " in finding.text


@pytest.mark.parametrize(
    ("own", "files"),
    [
        (
            "0::/pod/container\n",
            {
                "pod__cpu_DOT_max": "50000 100000\n",
                "pod__container__cpu_DOT_max": "75000 100000\n",  # more than what is around it
            },
        ),
        (
            "1:cpu,cpuacct:/pod\n",
            {
                "cpu__pod__cpu_DOT_cfs_quota_us": "50000\n",
                "cpu__pod__cpu_DOT_cfs_period_us": "100000\n",
            },
        ),
    ],
    ids=["version 2", "version 1"],
)
def test_time_for_fewer_processors_than_there_are_is_a_warning(groups, own, files):
    (finding,) = machine.processors(groups(own, **files))

    # 50 ms of each 100 ms
    assert finding.state == "warning"
    assert "but time for 0.5 of them" in finding.text
    first = min(os.sched_getaffinity(0))
    assert finding.mend == f"taskset --cpu-list {first} headrace run ..."


@pytest.mark.parametrize("text", ["max 100000", "9900000 100000", "garbage", "5 0", ""])
def test_no_quota_and_one_that_is_no_limit_are_well(groups, text):
    (finding,) = machine.processors(groups("0::/pod\n", pod__cpu_DOT_max=text))

    assert finding.state == "ok"


def test_little_shared_memory_is_a_warning_where_there_is_a_gpu(mounted, tmp_path):
    disk = mounted("size=64m")
    (tmp_path / "nvidia0").touch()

    (without,) = machine.shared_memory(disk, tmp_path / "none")
    (finding,) = machine.shared_memory(disk, tmp_path / "nvidia0")
    (gone,) = machine.shared_memory(tmp_path / "none", tmp_path / "nvidia0")

    assert (without.state, finding.state, gone.state) == ("ok", "warning", "warning")
    assert "--shm-size" in finding.mend


def test_few_open_files_are_a_warning_with_the_command_that_allows_more():
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
        pytest.skip("the system allows fewer")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (256, int(sys.argv[1])));"
        "from pipeline.doctor import machine; print(next(machine.open_files()).mend)"
    )

    def mend(hard):
        return subprocess.check_output([sys.executable, "-c", code, str(hard)], text=True).strip()

    assert mend(4096) == "ulimit -n 1024"
    assert mend(512).startswith("raise the system's 512 ")
