import pytest

from scripts import apt_packages
from scripts.commands import SetupError

MIRROR = "http://mirror.example/debian/"


def test_the_mirror_is_the_one_of_the_systems_own_release():
    targets = "\n".join(
        [
            "http://vendor.example/apt/ nodistro main",
            "http://mirror.example/debian-security/ bookworm-security main",
            "http://mirror.example/debian/ bookworm contrib",
            "http://mirror.example/debian/ bookworm main",
        ]
    )

    assert apt_packages.choose_mirror(targets, {"bookworm"}) == MIRROR


def test_a_disc_is_no_mirror():
    targets = f"cdrom:[Debian]/ bookworm main\n{MIRROR} bookworm main"

    assert apt_packages.choose_mirror(targets, {"bookworm"}) == MIRROR


def test_sources_without_the_systems_release_are_refused():
    with pytest.raises(SetupError, match="name no mirror of this system's release"):
        apt_packages.choose_mirror(f"{MIRROR} sid main", {"bookworm"})


@pytest.mark.parametrize(
    ("system", "suite"),
    [
        ({"ID": "debian"}, "trixie"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "noble"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "noble"),
    ],
)
def test_packages_come_from_the_systems_own_family(system, suite):
    assert apt_packages.release_for(system).suite == suite


def test_a_system_of_another_family_is_told_what_to_use():
    with pytest.raises(SetupError, match=r"Fedora Linux 38 has too old .* Debian 13"):
        apt_packages.release_for({"ID": "fedora", "PRETTY_NAME": "Fedora Linux 38"})


def test_a_derived_system_is_known_to_the_mirror_by_its_parents_name():
    system = {"VERSION_CODENAME": "virginia", "UBUNTU_CODENAME": "jammy"}

    assert "jammy" in apt_packages.codenames(system)


def test_without_apt_one_sentence_says_what_is_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SetupError) as stop:
        apt_packages.download(["libc6"], tmp_path / "new", tmp_path / "log")

    text = str(stop.value)
    assert text.count("\n") == 0
    assert "apt-get and dpkg-deb, which are not on the PATH" in text
    assert not (tmp_path / "new").exists()
