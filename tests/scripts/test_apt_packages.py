import pytest

from scripts import apt_packages
from scripts.commands import SetupError

MIRROR = "http://mirror.example/debian/"
INDEX = "'http://mirror.example/debian/dists/bookworm/InRelease' mirror_bookworm_InRelease 0 "


def test_the_mirror_is_the_one_of_the_systems_own_release():
    addresses = "\n".join(
        [
            "'http://vendor.example/apt/dists/nodistro/InRelease' vendor_InRelease 0 ",
            "'http://mirror.example/security/dists/bookworm-security/InRelease' security 0 ",
            INDEX,
            "'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' main 0 ",
        ]
    )

    assert apt_packages.choose_mirror(addresses, {"bookworm"}) == MIRROR


def test_a_disc_is_no_mirror():
    addresses = "'cdrom:[Debian]/dists/bookworm/InRelease' disc 0 \n" + INDEX

    assert apt_packages.choose_mirror(addresses, {"bookworm"}) == MIRROR


def test_sources_without_the_systems_release_are_refused():
    with pytest.raises(SetupError, match="name no mirror of this system's release"):
        apt_packages.choose_mirror(INDEX, {"trixie"})


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
