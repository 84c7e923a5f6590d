import pytest

from scripts import private_runtime
from scripts.commands import SetupError


@pytest.mark.parametrize(
    ("answer", "version"), [("glibc 2.36", (2, 36)), ("glibc 2.39", (2, 39)), ("glibc 3.0", (3, 0))]
)
def test_the_c_librarys_version_is_read_as_numbers(answer, version):
    assert private_runtime.version_of(answer) == version


def test_a_version_with_two_digits_is_newer_than_one_with_one():
    assert private_runtime.version_of("glibc 2.9") < private_runtime.NEEDED_GLIBC


def test_a_symbol_version_counts_only_when_it_is_whole():
    # 3.4.32 begins with 3.4.3, and 1.3.15 with 1.3.1: neither prefix is enough
    older = b"GLIBCXX_3.4.3\0CXXABI_1.3.1\0"
    newer = b"GLIBCXX_3.4.32\0CXXABI_1.3.15\0"

    assert private_runtime.lacking_symbols(older) == list(private_runtime.NEEDED_STDCPP)
    assert private_runtime.lacking_symbols(newer) == []


def test_another_c_library_is_refused(monkeypatch):
    monkeypatch.setattr("os.confstr", lambda name: None)

    with pytest.raises(SetupError, match="needs Linux with glibc"):
        private_runtime.missing_from_system()


def test_an_older_c_library_is_named_as_what_is_missing(monkeypatch):
    monkeypatch.setattr("os.confstr", lambda name: "glibc 2.36")

    assert private_runtime.missing_from_system() == "glibc 2.39"


def test_the_libraries_of_all_packages_come_to_lie_in_one_folder(tmp_path):
    files = [
        "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "usr/lib/x86_64-linux-gnu/libstdc++.so.6",
        "usr/lib/x86_64-linux-gnu/gconv/UTF-16.so",
        "usr/share/doc/libc6/copyright",
    ]
    for file in files:
        (tmp_path / "unpacked" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / file).touch()

    private_runtime.collect_libraries(tmp_path / "unpacked", tmp_path / "libraries")

    found = sorted(file.name for file in (tmp_path / "libraries").iterdir())
    assert found == ["ld-linux-x86-64.so.2", "libstdc++.so.6"]


def test_a_complete_runtime_is_not_built_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # nothing could be fetched
    (tmp_path / "ld-linux-x86-64.so.2").touch()

    private_runtime.build(tmp_path, tmp_path / "log")

    assert not (tmp_path / "log").exists()
