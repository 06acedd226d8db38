"""Where audio is kept: the settings that API and workers share, and the one place that opens it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import FieldError
from core.protocols import AudioStore
from core.settings import CommonSettings
from jobs.storage.bucket import BucketStore
from jobs.storage.folder import FolderStore

_S3 = re.compile(r"^s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[^?#]*))?$")
"""Source: Amazon S3 user guide, "General purpose bucket naming rules"."""


@dataclass(frozen=True, kw_only=True)
class StorageSettings(CommonSettings):
    """The settings of where audio is kept; equal in the API and all workers."""

    storage: str = ""
    """RHAPSODE_STORAGE: s3://bucket/prefix; empty = the folder ``<data>/audio``, which API and
    workers share."""
    s3_endpoint: str = ""
    """RHAPSODE_S3_ENDPOINT: address of an S3 API that is not Amazon's; else AWS_ENDPOINT_URL."""
    s3_public_endpoint: str = ""
    """RHAPSODE_S3_PUBLIC_ENDPOINT: the address by which clients reach it, for links."""
    s3_allow_http: bool = False
    """RHAPSODE_S3_ALLOW_HTTP: true lets an endpoint be without TLS."""

    @property
    def audio_folder(self) -> Path:
        """Where audio is kept, unless ``storage`` names another place."""
        return self.data / "audio"


def open_audio_store(settings: StorageSettings) -> AudioStore:
    """Returns the store that the settings name; it connects at the first use.

    Raises:
        FieldError: ``storage`` is no address.
        Unavailable: the address cannot be used.
    """
    if not settings.storage:
        return FolderStore(settings.audio_folder)
    found = _S3.match(settings.storage)
    if found is None:
        raise FieldError(
            "RHAPSODE_STORAGE",
            f"RHAPSODE_STORAGE={settings.storage!r} is no address",
            allowed="s3://bucket/prefix, or empty",
            code="setting",
        )
    return BucketStore(
        found["bucket"],
        (found["prefix"] or "").strip("/"),
        endpoint=settings.s3_endpoint or None,
        public_endpoint=settings.s3_public_endpoint or None,
        allow_http=settings.s3_allow_http,
    )
