"""Synthesizes a request in this process, without broker and store: for ``rhapsode say``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import structs

from audio.encode import AudioEncoder
from audio.join import UtteranceAudio, fade_edges, joined_blocks, silence
from audio.resample import Resampler
from audio.stream_encoder import EncodingPipeline
from core.ahead import computed_ahead
from core.errors import FieldError, RhapsodeError
from core.formats import check_format, resolve_sample_rate
from core.lexicon import PronunciationLexicon
from core.mel import Float32
from core.part import Part
from core.protocols import TextFrontend
from core.report import StageSeconds, SynthesisReport
from core.request import SynthesisRequest
from core.text import Notice
from core.units import pause_samples
from core.voice import Catalogue
from synthesis.chapter_frontend import SourceAnalysis, analyze_source
from synthesis.engine import Engine
from synthesis.part_audio import part_audio_of
from synthesis.parts import cut_parts, synthesis_items
from synthesis.report import ReportBuilder, sha256_of
from synthesis.results import StreamedSamples

Progress = Callable[[int, int], None]
"""Called with the number of utterances done and of all."""
OpenFrontend = Callable[[str, str], TextFrontend]
"""Symbol table and language → front end: ``text.frontend.open_frontend``."""


class LocalSynthesizer:
    """Synthesizes one request after the other, in the memory of a few parts.

    Args:
        catalogue: voices and components.
        engine: synthesizes the utterances.
        open_frontend: text front end of a symbol table and a language.
        parts_at_once: parts that share batches.
        monotonic: clock of the stages [s].
    """

    def __init__(
        self,
        catalogue: Catalogue,
        engine: Engine,
        open_frontend: OpenFrontend,
        *,
        parts_at_once: int = 4,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._catalogue, self._engine = catalogue, engine
        self._open_frontend, self._parts_at_once = open_frontend, parts_at_once
        self._monotonic = monotonic

    def load(self, request: SynthesisRequest, *, streamed: bool = False) -> float:
        """Loads what the request needs; returns the seconds it took, which no report counts.

        Args:
            request: what is to be synthesized.
            streamed: it is to be written as it is made.

        Raises:
            FieldError: voice, network, format or sample rate are refused.
            ArtifactError: an artifact cannot be used.
        """
        start = self._monotonic()
        _require_one_pass(request)
        if streamed:
            _require_streamable(request)
        selection = self._catalogue.resolve(
            request.voice, request.acoustic, request.vocoder, request.runtime, request.precision
        )
        if request.sample_rate is not None:
            check_format(request.format, request.sample_rate)
        self._engine.load(selection, selection.runtime)
        self._export = (selection.runtime, selection.precision)
        model = selection.acoustic_component
        self._frontend = self._open_frontend(model.symbols, selection.voice.language)
        self._native = model.mel.sample_rate
        return self._monotonic() - start

    def synthesize(
        self,
        request: SynthesisRequest,
        path: Path,
        *,
        lexicons: tuple[PronunciationLexicon, ...] = (),
        progress: Progress = lambda done, all: None,
    ) -> SynthesisReport:
        """Writes the file; on an error there is none.

        Args:
            request: what is to be synthesized; lexicons that it names are not looked up.
            path: of the file.
            lexicons: in order of priority.
            progress: is called while it goes on.

        Raises:
            InputError: the request is refused.
            ArtifactError: an artifact cannot be used.
            SynthesisError: an utterance cannot be spoken.
            Unavailable: the file cannot be written.
        """
        self.load(request)
        report = ReportBuilder(*self._export)
        analysis, parts = self._planned(request, lexicons, report)
        fresh = path.with_name(f".{path.name}.part")
        try:
            written, rate, clipped = self._write(request, analysis, parts, fresh, report, progress)
            report.file_sha256 = sha256_of(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        if clipped:
            report.notices.append(Notice("clipped", f"{clipped} samples beyond full scale"))
        return report.build(written, rate)

    def stream(
        self,
        request: SynthesisRequest,
        write: Callable[[bytes], object],
        *,
        lexicons: tuple[PronunciationLexicon, ...] = (),
        progress: Progress = lambda done, all: None,
    ) -> SynthesisReport:
        """Writes the encoded audio as it is made; on an error a part of it was written.

        Args:
            request: see ``synthesize``; its format is one that can be streamed.
            write: takes bytes; what it raises ends the whole.
            lexicons: in order of priority.
            progress: is called while it goes on.

        Raises:
            InputError: the request is refused.
            ArtifactError: an artifact cannot be used.
            SynthesisError: an utterance cannot be spoken.
        """
        self.load(request, streamed=True)
        assert request.format != "m4b"
        report = ReportBuilder(*self._export)
        analysis, parts = self._planned(request, lexicons, report)
        native, speed = self._native, request.speed
        rate = resolve_sample_rate(request.format, request.sample_rate, native)
        pipeline = EncodingPipeline(native, rate, request.format, request.bit_rate)

        def put(blocks: Iterable[Float32]) -> None:
            for block in blocks:
                start = self._monotonic()
                data = pipeline.push(block)
                report.seconds += StageSeconds(encode=self._monotonic() - start)
                write(data)

        put(silence(pause_samples(analysis.lead_seconds, speed, native)))
        for part in parts:
            items = list(synthesis_items(part, request, self._catalogue))

            def take(samples: StreamedSamples, part: Part = part) -> None:
                piece = samples.waveform.samples
                put([fade_edges(piece, native, start=samples.start, total=samples.total)])
                if samples.start + len(piece) == samples.total:
                    pause = part.utterances[samples.utterance].pause_after_seconds
                    put(silence(pause_samples(pause, speed, native)))

            for item, outcome in zip(items, self._engine.stream(items, take), strict=True):
                if isinstance(outcome, RhapsodeError):
                    raise outcome
                report.add_part(part_audio_of([outcome]), [item.utterance])
                progress(report.utterances, analysis.utterances)
        write(pipeline.finish())
        return report.build(pipeline.samples, rate)

    def _planned(
        self,
        request: SynthesisRequest,
        lexicons: tuple[PronunciationLexicon, ...],
        report: ReportBuilder,
    ) -> tuple[SourceAnalysis, tuple[Part, ...]]:
        """Returns what is to be spoken; its cost and notices go into the report."""
        start = self._monotonic()
        analysis = analyze_source(
            structs.replace(request.source, lexicons=lexicons),
            self._frontend,
            request.pauses,
            any_language=request.language == "any",
        )
        parts = cut_parts(analysis.chapters, speed=request.speed)
        report.seconds += StageSeconds(text=self._monotonic() - start)
        report.notices.extend(analysis.notices)
        return analysis, parts

    def _write(
        self,
        request: SynthesisRequest,
        analysis: SourceAnalysis,
        parts: tuple[Part, ...],
        path: Path,
        report: ReportBuilder,
        progress: Progress,
    ) -> tuple[int, int, int]:
        native = self._native
        rate = resolve_sample_rate(request.format, request.sample_rate, native)
        resampler = Resampler(native, rate)
        lead = pause_samples(analysis.lead_seconds, request.speed, native)
        pieces = self._pieces(request, parts, report, progress, analysis.utterances)
        with AudioEncoder(
            path,
            request.format,
            rate,
            None,
            bit_rate=request.bit_rate,
            channels=request.channels,
        ) as encoder:
            for block in joined_blocks(pieces, native, lead=lead):
                start = self._monotonic()
                encoder.write(resampler.push(block))
                report.seconds += StageSeconds(encode=self._monotonic() - start)
            encoder.write(resampler.finish())
        return encoder.written, rate, encoder.clipped

    def _pieces(
        self,
        request: SynthesisRequest,
        parts: tuple[Part, ...],
        report: ReportBuilder,
        progress: Progress,
        total: int,
    ) -> Iterator[UtteranceAudio]:
        groups = (
            [
                item
                for part in parts[first : first + self._parts_at_once]
                for item in synthesis_items(part, request, self._catalogue)
            ]
            for first in range(0, len(parts), self._parts_at_once)
        )
        threads = 2 if self._engine.has_gaps else 0
        for items, outcomes in computed_ahead(self._engine.synthesize, groups, threads=threads):
            for item, outcome in zip(items, outcomes, strict=True):
                if isinstance(outcome, RhapsodeError):
                    raise outcome
                report.add_part(part_audio_of([outcome]), [item.utterance])
                progress(report.utterances, total)
                pause = item.utterance.pause_after_seconds
                yield (
                    outcome.waveform.samples,
                    pause_samples(pause, request.speed, outcome.waveform.sample_rate),
                )


def _require_streamable(request: SynthesisRequest) -> None:
    """Raises FieldError for what cannot be written before all of it is there."""
    if request.format == "m4b" or request.channels != 1:
        message = "only one channel, and no m4b, can be written before all of it is there"
        raise FieldError("format", message, allowed="wav, mp3, ogg, opus, flac")


def _require_one_pass(request: SynthesisRequest) -> None:
    """Raises FieldError for what needs the whole audio before a file is written, or after."""
    if request.loudness_lufs is not None:
        message = "a loudness is reached by the service alone (rhapsode submit, rhapsode book)"
        raise FieldError("loudness_lufs", message)
    if request.package != "file":
        message = "chapters are packed by the service alone (rhapsode book)"
        raise FieldError("package", message, allowed="file")
