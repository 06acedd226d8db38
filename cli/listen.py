"""``rhapsode listen``: what a recognizer makes of a recording, or whether it says a text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import rich_click as click

from cli.request import read_text
from core.errors import FieldError, InputError

if TYPE_CHECKING:
    from core.mel import Float32, MelSpec
    from core.protocols import SpeechRecognizer
    from core.voice import Component
    from recognition.word_search import WordSearch

MOST_SECONDS = 60.0
"""Longest recording that is compared with a text: the search takes memory by length squared."""
BLOCK_SAMPLES = 1 << 16
"""Most samples that are read at once, of all channels together; at most half a second."""
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
"""Sample rates of recordings [Hz]; a file that names another is damaged."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--text", help="What it should say; - reads standard input.")
@click.option("--recognizer", help="A component; by default the last one read.")
@click.option(
    "--language-model",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Words and their order (ARPA, .gz too); by default English ones that ship.",
)
@click.option("--stream", is_flag=True, help="Words about a second after they sound, less exact.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def listen(
    file: str,
    text: str | None,
    recognizer: str | None,
    language_model: Path | None,
    stream: bool,
    as_json: bool,
) -> None:
    """Transcribe FILE, with times; or compare it with --text, word by word.

    FILE may be as long as it likes, and - for WAV on standard input.

    \b
    rhapsode listen speech.wav
    rhapsode listen speech.wav --text "What it should say."
    rhapsode say "Good morning." --out - | rhapsode listen - --stream
    """
    from exports.voice import load_recognizer
    from synthesis.settings import SynthesisSettings

    if text is not None and language_model is not None:
        message = "a recording that is compared with a text needs no language model"
        raise FieldError("--language-model", message)
    if stream and (text is not None or language_model is not None):
        raise FieldError("--stream", "a stream is transcribed by ear, without text and model")
    if file == text == "-":
        raise FieldError("--text", "standard input is the recording")
    settings = SynthesisSettings.from_environment()
    component = _component(recognizer, settings.catalogue().components.values())
    recognize = load_recognizer(component, runtime="onnx", artifacts=settings.artifacts_folder)
    mels = _mels(file, recognize.mel_spec)
    rows: Iterable[dict[str, Any]]
    if text is not None:
        rows = _compared(component, recognize, mels, read_text(text))
    elif stream:
        rows = _streamed(recognize, mels)
    else:
        rows = _transcribed(recognize, mels, _search(component.symbols, language_model))
    for row in rows:
        if as_json:
            click.echo(msgspec.json.encode(row).decode())
        else:
            times = f"{row['start']:8.2f} {row['end']:8.2f}"
            marks = "  ".join(
                str(row[k])
                for k in ("confidence", "finding", "recognized")
                if row.get(k) is not None
            )
            click.echo(f"{times}  {row['text']:20}  {marks}".rstrip())


def _component(name: str | None, components: Iterable[Component]) -> Component:
    known = {c.name: c for c in components if c.kind == "recognizer"}
    chosen = name or next(reversed(known), None)
    if chosen not in known:
        allowed = ", ".join(known) or "none is installed"
        raise FieldError("--recognizer", f"no recognizer {name or ''}".rstrip(), allowed=allowed)
    return known[chosen]


def _mels(file: str, spec: MelSpec) -> Iterator[Float32]:
    """Yields the mel (n_mels, T) of a recording in blocks, as it is read."""
    import numpy as np

    from recognition.halo_stream import MelStream

    stream, frames = MelStream(spec), 0
    name = "standard input" if file == "-" else Path(file).name

    def blocks() -> Iterator[Float32]:
        for samples in _samples(file, name, spec.sample_rate):
            yield stream.push(samples)
        yield stream.finish()

    for mel in blocks():
        if not np.isfinite(mel).all():
            raise InputError(f"{name} has samples that are no numbers")
        frames += mel.shape[1]
        yield mel
    if not frames:
        raise InputError(f"{name} is empty")


def _samples(file: str, name: str, sample_rate: int) -> Iterator[Float32]:
    """Yields the samples (N,) of a recording at another rate, all channels as one."""
    import soundfile

    from audio.resample import Resampler

    try:
        with soundfile.SoundFile(sys.stdin.fileno() if file == "-" else file) as sound:
            if not LOWEST_RATE <= sound.samplerate <= HIGHEST_RATE:
                raise InputError(f"{name} has {sound.samplerate} samples a second")
            resampler = Resampler(sound.samplerate, sample_rate)
            size = max(1, min(sound.samplerate // 2, BLOCK_SAMPLES // sound.channels))
            # Not all that is read can be sought in, or says how long it is.
            while len(block := sound.read(size, dtype="float32", always_2d=True)):
                yield resampler.push(block.mean(1))
            yield resampler.finish()
    except soundfile.LibsndfileError as error:
        raise InputError(f"{name} is no audio: {error}") from error


def _search(symbols: str, language_model: Path | None) -> WordSearch:
    from recognition.labels import gap_label
    from recognition.language_model import ENGLISH, open_arpa
    from recognition.pronunciations import english_pronunciations, pronunciation_tree
    from recognition.word_search import Fusion, WordSearch

    model = open_arpa(language_model or ENGLISH)
    tree = pronunciation_tree(english_pronunciations(symbols, model.words))
    return WordSearch(tree, gap_label(symbols), Fusion(model))


def _transcribed(
    recognize: SpeechRecognizer, mels: Iterable[Float32], search: WordSearch
) -> Iterator[dict[str, Any]]:
    from recognition.transcription import pieces_of, timed_words

    spec = recognize.mel_spec
    for first, piece in pieces_of(mels, spec):
        (output,) = recognize([piece])
        words = search.words(output.phonemes, output.characters)
        rows = timed_words(words, output.frames_per_slot, spec, first)
        yield from map(msgspec.to_builtins, rows)


def _streamed(recognize: SpeechRecognizer, mels: Iterable[Float32]) -> Iterator[dict[str, Any]]:
    from core.protocols import StreamingRecognizer
    from core.recognition import StreamWindow
    from recognition.rates import SLOTS, STRIDE
    from recognition.transcription import streamed_words

    if not isinstance(recognize, StreamingRecognizer):
        raise FieldError("--stream", "this recognizer reads whole utterances alone")
    stream = recognize.stream(StreamWindow())

    def scores() -> Iterator[Float32]:
        for mel in mels:
            yield from (chunk.characters for chunk in stream.push(mel))
        yield from (chunk.characters for chunk in stream.finish())

    words = streamed_words(scores(), STRIDE // SLOTS, recognize.mel_spec)
    yield from map(msgspec.to_builtins, words)


def _compared(
    component: Component, recognize: SpeechRecognizer, mels: Iterable[Float32], text: str
) -> list[dict[str, Any]]:
    import numpy as np

    from core.mel import Float32
    from core.recognition import CheckThresholds
    from recognition.check import check_utterance
    from recognition.evidence import find_evidence, joined_labels
    from text.frontend import open_frontend

    spec, blocks, frames = recognize.mel_spec, list[Float32](), 0
    for block in mels:
        blocks.append(block)
        frames += block.shape[1]
        if frames > MOST_SECONDS * spec.frames_per_second:
            raise InputError(f"a recording that is compared lasts {MOST_SECONDS:g} s at most")
    utterances = open_frontend(component.symbols).analyze(text, ssml=False).utterances
    meant, words = joined_labels(utterances, component.symbols)
    (output,) = recognize([np.concatenate(blocks, 1)])
    (evidence,) = find_evidence([output.phonemes], [meant], component.symbols)
    unbounded = CheckThresholds(word=float("inf"), gap=float("inf"))
    thresholds = component.thresholds or unbounded
    check = check_utterance(evidence, len(words), thresholds, component.symbols)
    findings = {finding.word: finding for finding in check.findings}
    step = output.frames_per_slot / spec.frames_per_second
    runs = evidence.words if evidence else [None] * len(words)
    return [
        {
            "text": word.text,
            "start": round(run.start * step, 3) if run else 0.0,
            "end": round(run.stop * step, 3) if run else 0.0,
            "confidence": check.confidences[index],
            "finding": findings[index].code if index in findings else None,
            "recognized": "".join(findings[index].recognized) if index in findings else None,
        }
        for index, (word, run) in enumerate(zip(words, runs, strict=True))
    ]
