"""Rows out of Redis: an old version reads what a newer one wrote, as far as it understands it.

While a new version is rolled out, processes of both read the same rows. Stored types ignore fields
that they do not know, and every job, beat and key carries the number of its schema. A row that
cannot be read all the same is counted and logged; lists go on without it.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
import structlog

from core.errors import UnreadableRow
from core.lexicon import PronunciationLexicon
from core.part import JobPlan, Part
from core.record import JobRecord
from core.report import SynthesisReport
from core.request import Controls, Source
from jobs.protocols import ApiKey, WorkerBeat
from jobs.webhooks import WebhookDelivery, WebhookEndpoint
from telemetry.metrics import UNREADABLE_ROWS

SCHEMA: Final = 1
"""Raised when stored rows mean something else than before; a new field is no reason."""

for stored_type in (
    ApiKey, Controls, WebhookDelivery, JobPlan, JobRecord, Part, PronunciationLexicon, Source,
    SynthesisReport, WebhookEndpoint, WorkerBeat,
):  # fmt: skip
    # A series that stands at 0 from the first scrape on: a panel shows a line, not "no data", and
    # the first row lost is an increase that an alert can see.
    UNREADABLE_ROWS.labels(stored_type.__name__)

log = structlog.get_logger(__name__)
T = TypeVar("T")


def decode_row(data: bytes, kind: type[T], place: str) -> T:
    """Returns a stored row.

    Args:
        data: MessagePack.
        kind: its type.
        place: key or id, for the log.

    Raises:
        UnreadableRow: it is damaged, or of a version that means something else by it.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a ValidationError is one, too
        raise unreadable(kind.__name__, place) from error


def unreadable(kind: str, place: str) -> UnreadableRow:
    """Counts and logs a row that cannot be read, and returns its error."""
    UNREADABLE_ROWS.labels(kind).inc()
    log.error("row_unreadable", kind=kind, place=place)
    return UnreadableRow(f"{place} cannot be read by this version")
