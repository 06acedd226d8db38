"""Entries of the zip files that the service writes: the same whenever they are written."""

from __future__ import annotations

import zipfile
from typing import Final

_EARLIEST_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""Of every entry, the earliest that a zip can hold. Source: PKWARE APPNOTE §4.4.6."""
_READABLE_FILE: Final = 0o100644 << 16
"""A plain file that all may read. Source: APPNOTE §4.4.15, Unix modes in the upper half."""
_UNIX: Final = 3


def zip_entry(name: str) -> zipfile.ZipInfo:
    """Returns the head of a file in a zip.

    >>> zip_entry("a").date_time
    (1980, 1, 1, 0, 0, 0)
    """
    entry = zipfile.ZipInfo(name, _EARLIEST_TIME)
    entry.external_attr, entry.create_system = _READABLE_FILE, _UNIX
    return entry
