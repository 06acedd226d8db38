"""Nothing that a running service needs is under the GPL or AGPL, bundled libraries included."""

import re

import pytest

from tests.licences import (
    PAGE,
    ROOT,
    VENDORED,
    BundledFile,
    Package,
    bundled_files,
    gpl_marks,
    is_gpl,
    page,
    runtime_packages,
)


@pytest.fixture(scope="module")
def packages() -> list[Package]:
    return runtime_packages()


@pytest.fixture(scope="module")
def bundled(packages: list[Package]) -> list[BundledFile]:
    return [file for package in packages for file in bundled_files(package)]


def test_no_package_is_under_the_gpl(packages: list[Package]) -> None:
    assert len(packages) > 40
    assert [p.name for p in packages if not p.licence] == []
    assert [(p.name, p.licence) for p in packages if is_gpl(p.licence)] == []


def test_no_bundled_library_is_under_the_gpl(bundled: list[BundledFile]) -> None:
    assert [f"{f.package}: {f.path}" for f in bundled if f.licence is None] == []
    assert [str(f.path) for f in bundled if f.licence and is_gpl(f.licence)] == []
    assert {str(f.path): marks for f in bundled if (marks := gpl_marks(f.place))} == {}


def test_the_check_finds_what_pyav_bundles() -> None:
    """The wheel that says BSD and holds x264: unknown names, and FFmpeg's own configuration."""
    from importlib.metadata import distribution

    found = bundled_files(Package("av", "BSD-3-Clause", distribution("av")))
    assert any(f.licence is None and f.path.name.startswith("libx264") for f in found)
    codec = next(f for f in found if f.path.name.startswith("libavcodec"))
    assert gpl_marks(codec.place)


@pytest.mark.parametrize(
    ("licence", "gpl"),
    [
        ("GPL-2.0-or-later", True),
        ("GNU Affero General Public License v3", True),
        ("AGPL-3.0-only", True),
        ("LGPL-2.1-or-later", False),
        ("GNU Lesser General Public License v2 (LGPLv2)", False),
        ("Apache-2.0 OR GPL-2.0-only", False),
        ("MIT AND GPL-3.0-only", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("MIT", False),
    ],
)
def test_what_counts_as_gpl(licence: str, gpl: bool) -> None:
    assert is_gpl(licence) is gpl


def test_the_page_is_what_is_installed() -> None:
    """Rows of what this platform does not need may stand there, too."""
    written, fresh = (set(re.findall(r"^\| .* \|$", t, re.M)) for t in (PAGE.read_text(), page()))
    assert fresh - written == set(), "run `make licences`"


def test_files_of_others_come_with_their_licence() -> None:
    paths = [p for p in (ROOT / "api").rglob("*") if ".min." in p.name or p.suffix == ".gz"]
    assert {p.relative_to(ROOT).as_posix() for p in paths} == set(VENDORED)
    for path in paths:
        own = path.with_name(path.name.replace(".min.js", ".LICENSE.txt"))
        licence = own if ".min." in path.name else path.with_name("LICENSE.txt")
        assert licence.stat().st_size > 100
