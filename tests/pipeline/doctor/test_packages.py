"""Packages: what is asked for, what is there, and whether its files are."""

import pathlib
import tomllib

from packaging.requirements import Requirement

from pipeline.doctor import mending, packages
from scripts import setup_environment


def test_what_is_installed_here_is_what_headrace_asks_for():
    (versions,) = packages.versions()
    (files,) = packages.files()

    assert versions.state == "ok"
    assert files.state == "ok"


def test_a_package_that_is_missing_or_too_old_is_named_with_who_asks_for_it(install):
    install("birdlib", "1.2")
    install("featherlib", "3.0", "nolib")
    install("aviary", "1", "birdlib>=2", "featherlib", 'winlib; os_name == "nt"')

    (finding,) = packages.versions("aviary")

    assert finding.state == "problem"
    assert finding.text == (
        "birdlib: got 1.2, expected >=2 (aviary asks for it); "
        "nolib is not installed (featherlib asks for it)"
    )


def test_what_an_extra_asks_for_counts_where_the_extra_is_asked_for(install):
    install("birdlib", "1", 'songlib; extra == "sound"')
    install("quiet", "1", "birdlib")
    install("loud", "1", "birdlib[sound]")

    (quiet,) = packages.versions("quiet")
    (loud,) = packages.versions("loud")

    assert (quiet.state, loud.state) == ("ok", "problem")
    assert loud.text == "songlib is not installed (birdlib asks for it)"


def test_packages_that_ask_for_each_other_are_no_problem(install):
    install("hen", "1", "egg")
    install("egg", "1", "hen")

    assert [finding.state for finding in packages.versions("hen")] == ["ok"]


def test_a_prerelease_that_fits_is_taken(install):
    install("birdlib", "2.1rc1")
    install("aviary", "1", "birdlib>=2")

    assert [finding.state for finding in packages.versions("aviary")] == ["ok"]


def test_a_package_whose_metadata_is_gone_is_installed_in_part(install):
    module = install("birdlib", "1.2")
    module.with_name("birdlib-1.2.dist-info").joinpath("METADATA").unlink()
    install("aviary", "1", "birdlib")

    (finding,) = packages.versions("aviary")

    assert finding.text == "birdlib is installed in part (aviary asks for it)"


def test_headrace_itself_being_not_installed_is_a_problem(install):
    (finding,) = packages.versions("nowhere")

    assert finding.state == "problem"
    assert finding.text.startswith("nowhere is not installed")


def test_a_file_that_is_gone_is_a_problem_and_one_that_was_changed_a_warning(install):
    gone, changed = install("birdlib", "1.2"), install("featherlib", "3.0")
    install("aviary", "1", "birdlib", "featherlib")
    gone.unlink()
    changed.write_text("# changed\n")

    problem, warning = packages.files("aviary")

    assert (problem.state, warning.state) == ("problem", "warning")
    assert problem.text == f"gone: 1 file of birdlib==1.2 ({gone})"
    assert warning.text.endswith(f"1 file of featherlib==3.0 ({changed})")


def test_pip_mends_an_environment_of_its_own_and_make_one_that_it_has_made(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr("sys.executable", "/env/bin/python")
    (tmp_path / ".venv").mkdir()

    assert mending.install("a>=2", "b") == "/env/bin/python -m pip install 'a>=2' b"
    # `make setup` does nothing while its stamp is there.
    stamp = tmp_path / ".venv" / mending.STAMP
    stamp.touch()
    assert mending.install("a>=2") == f"rm {stamp} && make -C {tmp_path} setup"
    assert mending.STAMP == setup_environment._STAMP


def test_what_headrace_asks_for_of_a_package_is_what_pip_installs_of_it():
    assert packages.asked_for("tensorflow") == "tensorflow==2.21.*"
    assert packages.asked_for("kfp") == "kfp==2.16.*"  # and not kfp-kubernetes
    assert packages.asked_for("nolib") == "nolib"


def test_what_pyproject_overrides_is_no_misfit():
    settings = tomllib.loads(pathlib.Path("pyproject.toml").read_text())

    overridden = map(Requirement, settings["tool"]["uv"]["override-dependencies"])

    assert {each.name for each in overridden} == packages.OVERRIDDEN
