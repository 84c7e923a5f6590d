"""scripts/image/build.py, with builders that are scripts of three lines."""

import pathlib
import stat

import pytest

from scripts.image import build

BUILDER = """\
#!/bin/sh
echo "$@" >> {log}
if [ "$2" = inspect ]; then echo 2970000000; fi
if [ "$1" = images ]; then echo "2.97 GB"; fi
"""


@pytest.fixture
def on_the_path(tmp_path, monkeypatch):
    """Puts builders on a PATH that has nothing else; returns the file of what they were told."""

    def put(*names, text=BUILDER):
        log = tmp_path / "log"
        for name in names:
            file = tmp_path / "bin" / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text.format(log=log))
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        return log

    return put


def test_without_a_builder_it_says_what_to_install(on_the_path, capsys):
    on_the_path()

    assert build.main(["--tag", "registry.example/headrace:1"]) == 1

    told = capsys.readouterr().err
    assert told.startswith("No image: podman or buildah or docker is not on the PATH.")
    assert "apt-get install buildah" in told


@pytest.mark.parametrize(
    ("builder", "size"), [("podman", "2.97 GB"), ("buildah", "2.97 GB"), ("docker", "2.97 GB")]
)
def test_any_builder_builds_and_the_size_is_told(on_the_path, capsys, builder, size):
    log = on_the_path(builder)

    assert build.main(["--tag", "registry.example/headrace:1"]) == 0

    command = log.read_text().splitlines()[0]
    assert command.startswith("build ")
    assert "--tag registry.example/headrace:1" in command
    assert command.endswith(" .")
    assert f"with {builder}: {size}" in capsys.readouterr().out


def test_podman_comes_before_docker(on_the_path):
    on_the_path("docker", "podman")

    assert build.find_builder(None) == "podman"
    assert build.find_builder("docker") == "docker"


def test_buildah_keeps_the_project_in_a_layer_of_its_own(on_the_path):
    log = on_the_path("buildah")

    build.main(["--tag", "headrace:1"])

    assert log.read_text().startswith("build --layers ")


def test_base_secrets_and_further_options_reach_the_builder(on_the_path, tmp_path):
    log = on_the_path("buildah")
    conf = tmp_path / "pip.conf"
    conf.touch()

    given = ["--tag", "headrace:1", "--base", "debian@sha256:12", "--pip-conf", str(conf)]
    build.main([*given, "--", "--isolation", "chroot"])

    told = log.read_text()
    assert "--build-arg=BASE=debian@sha256:12" in told
    assert f"--secret=id=pip,src={conf}" in told
    assert "--isolation chroot ." in told


@pytest.mark.parametrize("image", ["headrace", "registry.example:5000/headrace", "headrace:latest"])
@pytest.mark.parametrize("option", ["--tag", "--base"])
def test_an_image_without_a_version_is_refused(on_the_path, capsys, option, image):
    on_the_path("podman")
    given = {"--tag": "headrace:1", "--base": "debian:13-slim"} | {option: image}

    assert build.main([word for pair in given.items() for word in pair]) == 1

    assert f"{image!r} names no version" in capsys.readouterr().err


def test_a_secret_that_is_not_there_is_named(on_the_path, capsys):
    on_the_path("podman")

    assert build.main(["--tag", "headrace:1", "--pip-conf", "/nowhere/pip.conf"]) == 1

    assert "/nowhere/pip.conf is not there" in capsys.readouterr().err


def test_a_build_that_fails_fails_with_the_builders_code(on_the_path, capsys):
    on_the_path("podman", text="#!/bin/sh\nexit 125\n")

    assert build.main(["--tag", "headrace:1"]) == 1

    assert "podman ended with code 125" in capsys.readouterr().err


def test_the_address_of_the_source_holds_no_password(monkeypatch):
    told = {"remote": "https://me:secret@forge.example/headrace.git", "describe": "0123abc"}
    monkeypatch.setattr(build, "_git", lambda *words: told[words[0]])

    arguments = build.build_arguments("debian:13-slim")

    assert "--build-arg=SOURCE=https://forge.example/headrace.git" in arguments
    assert "--build-arg=REVISION=0123abc" in arguments
    assert not any("secret" in argument for argument in arguments)


def test_the_version_is_that_of_setup_py():
    root = pathlib.Path(__file__).parents[2]

    assert f'version="{build.version(root / "setup.py")}"' in (root / "setup.py").read_text()
