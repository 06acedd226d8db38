"""The roles of the job store and the queue, as API and workers ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from core.lexicon import PronunciationLexicon
from core.part import JobPlan, Part, PartResult, SampleChunk
from core.record import JobError, JobEvent, JobRecord, JobState
from core.report import SynthesisReport
from core.request import Lane, Source
from core.webhook import WebhookCallback
from jobs.progress import Backlog, Forecast

WorkId = str
"""``plan``, ``assemble``, or the decimal index of a part: what a message asks a worker to do."""
ClaimVerdict = Literal["run", "done", "promised", "held", "over", "gone"]
"""run: yours now; done: its result is stored; promised: so it is, and this worker still owes
``assemble``, as far as anybody knows; held: a live worker has it; over: the job has ended; gone: no
such job."""
WorkerRole = Literal["planner", "synthesizer"]
SendReason = Literal[
    "first",
    "retried",
    "worker_died",
    "message_lost",
    "redelivered",
    "postponed",
    "device_failed",
    "audio_damaged",
]
"""Why a message was sent: for the first time; a client wants the job again; by a planner, since the
worker that had it died or the message was nowhere; by the broker, since nobody acknowledged it; a
store had refused the work; the device failed; stored audio of the part was damaged or gone."""
PLAN: WorkId = "plan"
ASSEMBLE: WorkId = "assemble"


class Claim(msgspec.Struct, frozen=True):
    """The answer to a worker that asks for a piece of work, and which try that is."""

    verdict: ClaimVerdict
    attempt: int = 0
    """1 for the first try; a claim that never began is none."""


class Refusal(msgspec.Struct, frozen=True):
    """A piece of work that a store refused once more, and that is to be sent again later."""

    work: WorkId
    """What is to be sent: ``assemble``, where only that message was left of a part."""
    count: int
    """Refusals in a row."""
    since: float
    """The first of them [Unix s]."""


class Idempotency(msgspec.Struct, frozen=True):
    """A client's name for its request."""

    key: str
    payload: str
    """Digest of what was asked; another digest under the same key is refused."""
    names_job: bool = False
    """It is a name of the job, as long as that is kept; else it is forgotten after a day."""


class OpenJobLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The number of jobs that may be open (queued or running) before a new one; None = any."""

    of_all: int | None = None
    of_owner: int | None = None


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A choice of jobs; None = any value."""

    owner: str | None = None
    state: JobState | None = None
    lane: Lane | None = None
    voice: str | None = None
    since: float | None = None
    """Created at that time or later [Unix s]."""
    until: float | None = None
    """Created before that time [Unix s]."""

    def admits(self, record: JobRecord) -> bool:
        """Returns whether a job is meant."""
        asked = (self.owner, self.state, self.lane, self.voice)
        has = (record.owner, record.state, record.request.lane, record.request.voice)
        return (
            all(a in (None, h) for a, h in zip(asked, has, strict=True))
            and (self.since is None or record.created_at >= self.since)
            and (self.until is None or record.created_at < self.until)
        )


class JobPage(msgspec.Struct, frozen=True):
    """A page of jobs, newest first."""

    jobs: tuple[JobRecord, ...]
    cursor: str | None
    """Where the next page starts; None at the end."""


class WorkerBeat(msgspec.Struct, frozen=True):
    """A sign of life of a worker process."""

    id: str
    role: WorkerRole
    seen_at: float
    """Unix seconds."""
    ready: bool
    """A synthesizer is ready when the models of the default voice are loaded; a planner unless all
    its threads wait for a store."""
    loaded: tuple[str, ...] = ()
    """Components in memory."""
    failure: str | None = None
    """Why the models of the default voice cannot be loaded; None: they are, or may yet be."""
    schema: int = 1
    """Of the stored row."""


class JobRecords(Protocol):
    """The truth about jobs. Every transition is atomic and compare-and-set.

    A job goes queued → running → succeeded | partial | failed, or is cancelled on the way; retried,
    a partial or failed one runs again. It is queued until its first part starts. Raises Unavailable
    throughout.
    """

    def ping(self) -> None:
        """Returns, or raises Unavailable."""

    def create(
        self,
        record: JobRecord,
        source: Source,
        idempotency: Idempotency | None = None,
        limits: OpenJobLimits = ...,
        callback: WebhookCallback | None = None,
    ) -> JobRecord:
        """Stores a new job, or returns the one that the idempotency key of this owner names.

        Its end is sent to the callback, and to those of the operator's endpoints that want it.

        Raises:
            Conflict: the key names another payload (code ``idempotency_mismatch``; ``name_taken``,
                where it is a name of the job).
            LimitReached: the owner has too many open jobs (code ``too_many_open_jobs``).
            Unavailable: there are too many open jobs (code ``overloaded``).
        """

    def get(self, job_id: str) -> JobRecord:
        """Returns a record. Raises NotFound."""

    def id_of(self, owner: str | None, name: str) -> str:
        """Returns the id of the job to which its owner gave a name. Raises NotFound."""

    def source(self, job_id: str) -> Source:
        """Returns what a job speaks. Raises NotFound."""

    def page(self, *, cursor: str | None, limit: int, wanted: JobFilter = ...) -> JobPage:
        """Returns the jobs that are meant, newest first. A page may hold fewer than the limit, and
        more may follow: the cursor says so."""

    def mark_streamed(self, job_id: str) -> JobRecord:
        """Notes that somebody hears an open job while it is made; returns its record then, of a job
        that has ended as it was. Raises NotFound."""

    def open_jobs(self) -> tuple[str, ...]:
        """Returns the ids of the jobs that have not ended."""

    def ended_before(self, before: float, limit: int = 100) -> tuple[str, ...]:
        """Returns the ids of jobs that ended before that time [Unix s]."""

    def discard_results(self, job_id: str, indices: Sequence[int], now: float) -> int:
        """Drops results of a running job: these parts are to be spoken again.

        Returns:
            How often that has happened to this job.
        """

    def retry(self, job_id: str, now: float, limits: OpenJobLimits = ...) -> JobRecord:
        """Runs a partial or failed job again, without the results that failed.

        Raises:
            NotFound: no such job.
            Conflict: it is not over, or not in need of it (code ``not_retryable``).
            LimitReached, Unavailable: there is no room, see ``create``.
        """

    def finish(
        self,
        job_id: str,
        state: JobState,
        now: float,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        """Ends a job, and has that sent to who wants to know it, in one step. Returns False where
        it had ended before: nothing changed. Raises NotFound.

        Parts and results are kept where they may be needed again: of partial and failed jobs, and
        of streamed ones that succeeded, whose listeners may be behind.
        """

    def forget(self, job_id: str) -> None:
        """Deletes a job."""


class PlanStore(Protocol):
    """The plans of jobs: what they are to speak, part by part. Raises Unavailable throughout."""

    def put(self, job_id: str, plan: JobPlan, parts: Iterable[Part]) -> None:
        """Stores a plan with its parts; a second time changes nothing."""

    def get(self, job_id: str) -> JobPlan | None:
        """Returns a job's plan; None: it is not planned yet."""

    def part(self, job_id: str, index: int) -> Part:
        """Returns a part. Raises NotFound."""

    def parts(self, job_id: str) -> Iterator[Part]:
        """Yields the parts in order, a few at a time in memory; none before the job is planned or
        after it succeeded. Raises NotFound: no such job."""


class ResultStore(Protocol):
    """The results: what became of the parts of jobs. Raises Unavailable throughout."""

    def add(self, job_id: str, result: PartResult, worker: str, now: float) -> bool:
        """Stores a part's result, once, and ends the worker's lease of it.

        Returns:
            True for exactly one call: who gets it sends ``assemble``.

        Raises:
            Conflict: the job has ended (code ``job_over``).
        """

    def all(self, job_id: str) -> Iterator[PartResult]:
        """Yields the results in the order of the parts, a few at a time in memory; none after the
        job succeeded. Raises NotFound: no such job."""

    def get(self, job_id: str, index: int) -> PartResult | None:
        """Returns the result of a part; None: there is none yet, or no longer."""

    def missing(self, job_id: str) -> tuple[int, ...]:
        """Returns the indices of the parts without a result, in order."""


class SampleStreams(Protocol):
    """The samples of parts that are being synthesized, on their way to who listens. What is lost
    on it costs a listener only time: the part's audio is stored when it is done.

    Raises Unavailable throughout.
    """

    def add(self, job_id: str, index: int, chunk: SampleChunk) -> bool:
        """Hands samples of a part on, and wakes who listens; returns False where nobody will:
        the job has ended."""

    def after(
        self, job_id: str, index: int, last: str = ...
    ) -> tuple[str, tuple[SampleChunk, ...]]:
        """Returns what came after that place, and the place that was reached; some of it where
        there is much."""

    def end(self, job_id: str, index: int) -> None:
        """Deletes the samples of a part that has a result: they lie in the audio store."""


class WorkLeases(Protocol):
    """The leases: who holds which work. Raises Unavailable throughout.

    Work is claimed by a worker and held until it is done or released. A lease is good as long as
    its worker lives; ``expire`` finds what a dead one held.
    """

    def claim(self, job_id: str, work: WorkId, worker: str, now: float) -> Claim:
        """Takes a piece of work; the first part that is claimed starts the job."""

    def begin(self, job_id: str, work: WorkId, worker: str) -> bool:
        """Counts a try of claimed work, the moment it is really done: a worker that dies with many
        parts in hand has tried only those that it was speaking. A worker that begins again what
        it holds goes on with the same try.

        Returns:
            False where it must not be done: the job has ended, or another worker has the work.
        """

    def release(self, job_id: str, work: WorkId, worker: str) -> None:
        """Gives work back undone, or says that planning has sent its parts."""

    def refuse(self, job_id: str, work: WorkId, worker: str, now: float) -> Refusal | None:
        """Gives work back that a store refused, and counts that until the work is done; the try
        does not count. Returns None where the job has ended."""

    def unclaimed(self, job_id: str) -> tuple[WorkId, ...]:
        """Returns the work of an open job that comes next, is not done, and that nobody holds."""

    def is_unclaimed(self, job_id: str, work: WorkId) -> bool:
        """Returns whether the job is open, the work not done, and nobody holds it."""

    def expire(self, now: float, *, stale_before: float) -> tuple[tuple[str, WorkId], ...]:
        """Drops leases, and returns the work to be sent again, as job id and work.

        That is what workers hold that do not live; and of jobs that nobody touched since
        ``stale_before`` [Unix s] all that is held, or the plan if nothing is.
        """


class WorkerRegistry(Protocol):
    """The worker processes that live. Raises Unavailable throughout."""

    def beat(self, beat: WorkerBeat) -> None:
        """Notes that a worker lives."""

    def alive(self, now: float) -> tuple[WorkerBeat, ...]:
        """Returns the last beats of the workers that live."""

    def leave(self, worker: str) -> None:
        """Takes a worker off that ends: what it holds is lost at once, not after its beat has grown
        old."""


@dataclass(frozen=True, slots=True)
class JobStore:
    """The store of jobs, by role; who needs one role takes that one alone."""

    records: JobRecords
    plans: PlanStore
    results: ResultStore
    samples: SampleStreams
    leases: WorkLeases
    workers: WorkerRegistry


class PartIndex(Protocol):
    """The index of the parts in the audio store, by when each was used last. Raises Unavailable."""

    def use(self, digest: str, now: float) -> bool:
        """Returns whether a part is there; if so, its time begins anew."""

    def put(self, digest: str, now: float) -> None:
        """Notes that a part is there."""

    def take_unused(self, before: float, limit: int = 1000) -> tuple[str, ...]:
        """Takes off what was not used since then [Unix s], and returns it; the caller deletes the
        audio."""


class EventLog(Protocol):
    """The events of jobs, in order: about the last thousand of each; gone with the job."""

    def after(self, job_id: str, last: str = ...) -> tuple[JobEvent, ...]:
        """Returns what happened after that event, oldest first; some of it where there is much.
        Raises Unavailable."""


class BacklogReader(Protocol):
    """The work that waits, and what that means for a job. Raises Unavailable throughout."""

    def backlog(self) -> Backlog:
        """Returns what is planned and not done, of all jobs."""

    def forecast(self, records: Sequence[JobRecord]) -> tuple[Forecast, ...]:
        """Returns what may be expected of each job, all at one moment."""


class KeyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of an API key; None = as much as the service can."""

    requests_per_minute: Annotated[float, Meta(ge=0.01, le=1_000_000)] | None = None
    """Of all requests with the key but those that read one job."""
    burst: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    """Requests that may come at once after a rest."""
    characters: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    """Longest text of one request, in code points."""
    open_jobs: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    """Jobs that have not ended."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it is kept. Times are Unix seconds."""

    id: str
    """12 hex digits; owner of the jobs that are made with it."""
    name: str
    """Whose it is, for people."""
    digest: str
    """SHA-256 of the secret, hex."""
    created_at: float
    disabled_at: float | None = None
    """Since when it is refused."""
    admin: bool = False
    """Sees and cancels the jobs of all keys."""
    limits: KeyLimits = KeyLimits()
    schema: int = 1
    """Of the stored row."""


class ApiKeyStore(Protocol):
    """The API keys, as the API asks for them. Raises Unavailable throughout."""

    def check(self, token: str) -> ApiKey:
        """Returns the key of a token. Raises Unauthenticated."""

    def admit(self, key: ApiKey) -> None:
        """Counts a request. Raises LimitReached."""

    def add(
        self, name: str, now: float, *, limits: KeyLimits | None = None, admin: bool = False
    ) -> tuple[ApiKey, str]:
        """Adds a key; returns it and its token, which is shown this once and kept nowhere."""

    def all(self) -> tuple[ApiKey, ...]:
        """Returns every key there ever was, the oldest first."""

    def revoke(self, id_: str, now: float) -> ApiKey:
        """Refuses a key from now on. Raises NotFound."""


class LexiconStore(Protocol):
    """The lexicons of clients. Raises Unavailable throughout."""

    def put(self, owner: str, lexicon: PronunciationLexicon) -> bool:
        """Stores a lexicon; returns whether the name is new. Raises LimitReached."""

    def get(self, owner: str, name: str) -> PronunciationLexicon:
        """Returns a lexicon. Raises NotFound."""

    def all(self, owner: str) -> tuple[PronunciationLexicon, ...]:
        """Returns an owner's lexicons, by name."""

    def delete(self, owner: str, name: str) -> None:
        """Deletes a lexicon. Raises NotFound."""


class UnacknowledgedMessage(msgspec.Struct, frozen=True):
    """A message that a worker took and has not ended."""

    tag: str
    job_id: str
    work: WorkId


class MessageOrigin(msgspec.Struct, frozen=True):
    """When and why a message was sent."""

    sent_at: float | None = None
    """Unix seconds; None = the message does not say."""
    reason: SendReason = "first"


FIRST = MessageOrigin()


class JobQueue(Protocol):
    """The queue of messages that name work. Raises Unavailable throughout."""

    def plan(self, job_id: str, *, long: bool = False, reason: SendReason = "first") -> None:
        """Sends a job to a planner; a long one waits apart, and never takes all its threads."""

    def synthesize(
        self, job_id: str, part: int, lane: Lane, *, reason: SendReason = "first"
    ) -> None:
        """Sends a part to a synthesizer, by lane."""

    def synthesize_all(
        self, job_id: str, parts: Sequence[int], lane: Lane, *, reason: SendReason = "first"
    ) -> None:
        """Sends parts to synthesizers, in this order."""

    def assemble(self, job_id: str, *, long: bool = False, reason: SendReason = "first") -> None:
        """Sends a job to be assembled, by a planner: that is CPU work as planning is."""

    def postpone(self, job_id: str, work: WorkId, queue: str, due: float) -> None:
        """Has a message sent to a queue later: by the first ``send_due`` after that time
        [Unix s]."""

    def send_due(self, now: float) -> int:
        """Sends the postponed messages whose time has come; returns how many."""

    def connect(self) -> None:
        """Opens what sending needs, so that no first message waits for it."""

    def depths(self) -> dict[str, int]:
        """Returns how many messages wait, by queue."""

    def waiting(self) -> Iterator[tuple[str, WorkId]]:
        """Yields job id and work of the messages that wait or are postponed; one may come
        twice."""

    def taken(self, before: float) -> tuple[UnacknowledgedMessage, ...]:
        """Returns messages that were taken before that time [Unix s] and are not ended."""

    def give_back(self, message: UnacknowledgedMessage) -> bool:
        """Puts a message that was taken at the head of its queue; False: it has ended since."""

    def ages(self, now: float) -> dict[str, float]:
        """Returns how long the oldest message has waited, by queue [s]; 0 where none waits.

        Args:
            now: Unix seconds.
        """
