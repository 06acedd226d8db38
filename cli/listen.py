"""``rhapsode listen``: what a recognizer makes of a recording, or whether it says a text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import rich_click as click

from cli.request import read_text
from core.errors import FieldError, InputError

if TYPE_CHECKING:
    from core.mel import Float32
    from core.protocols import SpeechRecognizer
    from core.voice import Component
    from recognition.beam_search import BeamSearch

MOST_SECONDS = 60.0
"""Longest recording that is compared with a text: the search takes memory by length squared."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--text", help="What it should say; - reads standard input.")
@click.option("--recognizer", help="A component; by default the last one read.")
@click.option(
    "--language-model",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Words and their order (ARPA); without it a transcription is spelled by ear.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def listen(
    file: Path,
    text: str | None,
    recognizer: str | None,
    language_model: Path | None,
    as_json: bool,
) -> None:
    """Transcribe FILE, with times; or compare it with --text, word by word.

    \b
    rhapsode listen speech.wav
    rhapsode listen speech.wav --text "What it should say."
    """
    from exports.voice import load_recognizer
    from synthesis.settings import SynthesisSettings

    if text is not None and language_model is not None:
        message = "a recording that is compared with a text needs no language model"
        raise FieldError("--language-model", message)
    settings = SynthesisSettings.from_environment()
    component = _component(recognizer, settings.voice_folders)
    recognize = load_recognizer(component, runtime="onnx", artifacts=settings.artifacts_folder)
    mel = _mel(file, recognize)
    if text is not None:
        rows = _compared(component, recognize, mel, read_text(text))
    else:
        rows = _transcribed(recognize, mel, _search(language_model))
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


def _component(name: str | None, folders: Any) -> Component:
    from core.voice import read_catalogue

    components = read_catalogue(folders).components.values()
    known = {c.name: c for c in components if c.kind == "recognizer"}
    chosen = name or next(reversed(known), None)
    if chosen not in known:
        allowed = ", ".join(known) or "none is installed"
        raise FieldError("--recognizer", f"no recognizer {name or ''}".rstrip(), allowed=allowed)
    return known[chosen]


def _mel(file: Path, recognize: SpeechRecognizer) -> Float32:
    import numpy as np
    import soundfile
    import soxr

    from audio.mel import log_mel

    spec = recognize.mel_spec
    try:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise InputError(f"{file.name} is no audio: {error}") from error
    if not len(samples):
        raise InputError(f"{file.name} is empty")
    if not np.isfinite(samples).all():
        raise InputError(f"{file.name} has samples that are no numbers")
    mono = soxr.resample(samples.mean(1), rate, spec.sample_rate)
    return log_mel(mono, spec)


def _search(language_model: Path | None) -> BeamSearch | None:
    if language_model is None:
        return None
    from recognition.beam_search import BeamSearch, Fusion
    from recognition.language_model import read_arpa

    with language_model.open(encoding="utf-8", errors="replace") as lines:
        return BeamSearch(Fusion(read_arpa(lines)))


def _transcribed(
    recognize: SpeechRecognizer, mel: Float32, search: BeamSearch | None
) -> list[dict[str, Any]]:
    from recognition.transcription import aligned_words, pieces_of, words_with_times

    rows, spec = list[dict[str, Any]](), recognize.mel_spec
    for first, piece in pieces_of(mel, spec):
        (output,) = recognize([piece])
        scores, step = output.characters, output.frames_per_slot
        if search is None:
            words = words_with_times(scores, step, spec, first)
        else:
            words = aligned_words(search.words(scores), scores, step, spec, first)
        rows += map(msgspec.to_builtins, words)
    return rows


def _compared(
    component: Component, recognize: SpeechRecognizer, mel: Float32, text: str
) -> list[dict[str, Any]]:
    from core.recognition import CheckThresholds
    from recognition.check import check_utterance
    from recognition.evidence import find_evidence, joined_labels
    from text.frontend import open_frontend

    spec = recognize.mel_spec
    if mel.shape[1] > MOST_SECONDS * spec.frames_per_second:
        raise InputError(f"a recording that is compared lasts {MOST_SECONDS:g} s at most")
    utterances = open_frontend(component.symbols).analyze(text, ssml=False).utterances
    meant, words = joined_labels(utterances, component.symbols)
    (output,) = recognize([mel])
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
