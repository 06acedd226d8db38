"""``python -m benchmarks.quality``: the table of all systems.

``make quality-baseline`` does everything in one go: all systems speak and are scored, the figures
go to ``var/quality/scores.json``, then tables, pictures and bands are written from them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import soundfile
from rich.console import Console
from rich.progress import Progress

from benchmarks.quality.document import Document, new_document, read, row, same_sentences, write
from benchmarks.quality.mos import MosPredictor, open_predictors
from benchmarks.quality.pictures import draw
from benchmarks.quality.recognizer import MissingTool, Recognizer
from benchmarks.quality.scores import Scores, Wav, evaluate
from benchmarks.quality.sentences import BenchSentence, read_sentences
from benchmarks.quality.systems import System, peers
from benchmarks.quality.table import markdown

PICTURE_OF = "LJ002-0101"
"""Id of the first sentence, which a run of any length has."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench.

    Returns:
        Exit status: 0, or 1 when nothing could be measured.
    """
    options = _parser().parse_args(arguments)
    from benchmarks.quality.voices import (
        our_systems,
    )  # needs a runtime of an extra; --help does not

    console = Console(stderr=True)
    systems = [s for s in peers(options.teachers) + our_systems() if _wanted(s, options.systems)]
    try:
        Recognizer()
    except MissingTool as error:
        console.print(f"[red]no recognizer: {error}")
        return 1
    predictors, missing = ([], ["switched off"]) if options.no_mos else open_predictors()
    for reason in missing:
        console.print(f"[yellow]MOS predictor missing: {reason}")
    sentences = read_sentences(options.sentences)
    document = _document(sentences, missing, options)
    with Progress(console=console) as progress:
        for system in systems:
            scores = _measure(system, sentences, predictors, progress, options)
            document["systems"][system.name] = row(scores, sentences, system.parts)
            if options.json:  # after each system: a run that is cut short keeps what it has
                write(options.json, document)
    print(markdown(document))
    return 0 if any("sets" in found for found in document["systems"].values()) else 1


def _document(
    sentences: Sequence[BenchSentence], missing: Sequence[str], options: argparse.Namespace
) -> Document:
    """Returns an empty document, or with ``--add`` the one that the file holds.

    Raises:
        DifferentSentences: the file is of other sentences.
    """
    document = new_document(sentences, missing, datetime.now(UTC).date().isoformat())
    if options.add and options.json and options.json.exists():
        earlier = read(options.json)
        same_sentences(document, earlier)
        document["systems"] = earlier["systems"]
    return document


def _measure(
    system: System,
    sentences: Sequence[BenchSentence],
    predictors: Sequence[MosPredictor],
    progress: Progress,
    options: argparse.Namespace,
) -> Scores | str:
    """Returns the scores of a system, or the reason why there are none."""
    try:
        say = system.open()
    except MissingTool as error:
        return str(error)
    task = progress.add_task(f"{system.name}: speaks", total=len(sentences))
    wavs: dict[str, Wav] = {}
    for sentence in sentences:
        audio = say(sentence)
        if audio is not None:
            wavs[sentence.id] = (sentence.text, *audio)
        progress.advance(task)
    if not wavs:
        return "no audio of these sentences"
    _keep(system.name, wavs, options)
    progress.update(task, description=f"{system.name}: is scored", completed=0, total=len(wavs))
    return evaluate(list(wavs.values()), predictors, lambda: progress.advance(task))


def _keep(name: str, wavs: dict[str, Wav], options: argparse.Namespace) -> None:
    """Writes the audio and the picture that the options ask for."""
    if options.keep:
        folder = options.keep / name.replace(" ", "").replace("/", "-")
        folder.mkdir(parents=True, exist_ok=True)
        for id, (_, samples, rate) in wavs.items():
            soundfile.write(folder / f"{id}.wav", samples, rate, subtype="PCM_16")
    if options.pictures and PICTURE_OF in wavs:
        _, samples, rate = wavs[PICTURE_OF]
        draw(samples, rate, name, options.pictures)


def _wanted(system: System, patterns: str) -> bool:
    return any(fnmatch(system.name, pattern.strip()) for pattern in patterns.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--systems", default="*", help="names or patterns, comma-separated")
    parser.add_argument("--sentences", type=int, help="only so many, evenly spread")
    parser.add_argument("--json", type=Path, help="write everything here")
    parser.add_argument("--add", action="store_true", help="keep other systems of --json's file")
    parser.add_argument("--pictures", type=Path, help="folder for spectrograms")
    parser.add_argument("--keep", type=Path, help="folder for the audio")
    parser.add_argument(
        "--teachers", type=Path, help="folder of the teacher's other voices: NAME/ID-NAME.ogg"
    )
    parser.add_argument("--no-mos", action="store_true", help="word errors only (quick)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
