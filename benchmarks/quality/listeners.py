"""``python -m benchmarks.quality.listeners``: a second listener beside Whisper; whether both agree.

The recognizer that ships hears what the quality bench measured, and counts the phonemes that are
not those of the text front end. Whisper is a weak listener that knows English; ours knows our
teacher's speech well and no language, so others' speech is foreign to it: compare systems of ours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import spearmanr

from benchmarks.quality.check import SCORES
from benchmarks.quality.document import read
from benchmarks.quality.markers import replace_between
from benchmarks.quality.recognizer import MissingTool
from benchmarks.quality.sentences import BenchSentence, read_sentences
from benchmarks.quality.systems import System, peers
from benchmarks.recognition.others import errors_of_clips
from core.mel import Float32
from core.protocols import SpeechRecognizer
from core.voice import read_component
from exports.voice import load_recognizer
from recognition.decoding import ErrorCounts
from synthesis.settings import SynthesisSettings

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "voices" / "components" / "recognizer-small"
PAGE = Path(__file__).with_name("BASELINE.md")


@dataclass(frozen=True, slots=True)
class ListenerErrors:
    """What both listeners got wrong in a system's sentences, in the same order.

    Attributes:
        words: Whisper's word errors per word of each sentence.
        phonemes: our recognizer's phoneme errors of each sentence.
        wer: Whisper's share of wrong words in all of them.
    """

    words: list[float]
    phonemes: list[ErrorCounts]
    wer: float

    @property
    def per(self) -> float:
        """Our recognizer's share of wrong phonemes in all of them."""
        return sum(self.phonemes, ErrorCounts()).rate

    @property
    def agreement(self) -> float:
        """Rank correlation of both over the sentences, not a number where one heard no error."""
        return rank_correlation(self.words, [errors.rate for errors in self.phonemes])


def rank_correlation(left: Sequence[float], right: Sequence[float]) -> float:
    """Returns Spearman's ρ, not a number where one side is the same everywhere."""
    if len(set(left)) < 2 or len(set(right)) < 2:
        return float("nan")
    return float(spearmanr(left, right).statistic)


def compare(
    recognize: SpeechRecognizer,
    system: System,
    sentences: Sequence[BenchSentence],
    recognitions: Sequence[dict[str, int]],
) -> ListenerErrors:
    """Returns what both listeners got wrong.

    Args:
        recognize: ours.
        system: which speaks again, as it did for Whisper.
        sentences: the held-out ones that it has.
        recognitions: Whisper's, with ``words`` and ``word_errors``, of the same sentences.

    Raises:
        MissingTool: the system is not there.
    """
    say = system.open()

    def clips() -> Iterator[tuple[str, Float32, int]]:
        for sentence in sentences:
            speech = say(sentence)
            if speech is None:
                raise MissingTool(f"{system.name} has no {sentence.id}")
            yield sentence.text, *speech

    errors = list(errors_of_clips(recognize, clips()))
    return ListenerErrors(
        [r["word_errors"] / r["words"] for r in recognitions],
        errors,
        sum(r["word_errors"] for r in recognitions) / sum(r["words"] for r in recognitions),
    )


def table(comparisons: dict[str, ListenerErrors]) -> str:
    """Returns the comparisons as a table, and the agreement over systems below it."""
    lines = [
        "| system | words wrong, Whisper | phonemes wrong, ours | ρ over sentences |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {c.wer:.1%} | {c.per:.1%} | {c.agreement:.2f} |"
        for name, c in comparisons.items()
    ]
    found = list(comparisons.values())
    over = rank_correlation([c.wer for c in found], [c.per for c in found])
    return "\n".join([*lines, "", f"ρ over the {len(found)} systems: {over:.2f}."])


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table, and writes it into the page.

    Returns:
        Exit status: 0, or 1 when nothing could be compared.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scores", type=Path, nargs="*", default=[SCORES], help="JSON of quality")
    parser.add_argument("--component", type=Path, default=COMPONENT, help="the recognizer")
    parser.add_argument("--teachers", type=Path, help="folder of the teacher's other voices")
    parser.add_argument("--write", action="store_true", help="into BASELINE.md")
    options = parser.parse_args(arguments)
    from benchmarks.quality.voices import our_systems  # needs a runtime of an extra

    systems = {s.name: s for s in peers(options.teachers) + our_systems()}
    artifacts = SynthesisSettings.from_environment().artifacts_folder
    recognize = load_recognizer(
        read_component(options.component), runtime="onnx", artifacts=artifacts
    )
    texts = {sentence.text: sentence for sentence in read_sentences() if not sentence.own}
    comparisons: dict[str, ListenerErrors] = {}
    for path in options.scores:
        for name, scored in read(path)["systems"].items():
            if name not in systems or "sentence_scores" not in scored:
                continue
            of_whisper = [score["recognition"] for score in scored["sentence_scores"]]
            of_whisper = [r for r in of_whisper if r["text"] in texts]
            sentences = [texts[r["text"]] for r in of_whisper]
            try:
                comparisons[name] = compare(recognize, systems[name], sentences, of_whisper)
            except MissingTool as missing:
                print(f"{name}: {missing}", file=sys.stderr)
    if not comparisons:
        return 1
    print(table(comparisons))
    if options.write:
        replace_between(PAGE, "listeners", table(comparisons))
    return 0


if __name__ == "__main__":
    sys.exit(main())
