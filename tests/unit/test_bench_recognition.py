"""The bench of recognizers: faults are where it says, and bounds are those of right speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio.log_mel import log_mel
from benchmarks.quality.listeners import compare
from benchmarks.quality.listeners import table as listeners_table
from benchmarks.quality.recognizer import MissingTool
from benchmarks.quality.sentences import BenchSentence
from benchmarks.quality.systems import System
from benchmarks.recognition.__main__ import (
    DEVIATION_MARGIN,
    phoneme_errors,
    planted,
    thresholds_of,
)
from benchmarks.recognition.faults import KINDS, NOISE_DB, FaultKind, PlantedFault, plant
from benchmarks.recognition.others import phoneme_errors as errors_of_others
from benchmarks.recognition.retry import figures_of
from benchmarks.recognition.speech import SampledUtterance
from benchmarks.recognition.variants import HeldOutUtterance, latency, run, verdicts, with_table
from benchmarks.recognition.variants import phoneme_errors as errors_of_variant
from core.mel import Float32, MelSpec, Waveform
from core.recognition import CheckThresholds, RecognizerOutput, StreamWindow
from core.report import StageSeconds
from core.text import Utterance
from recognition.evidence import MeantLabels, RunEvidence, UtteranceEvidence
from recognition.labels import BLANK, gap_label, phoneme_labels
from synthesis.results import SynthesizedUtterance
from tests.unit.test_checking import ALL, FakeRecognizer, items_of, synthesized, utterance_of
from text.frontend import open_frontend
from text.g2p.symbols import symbol_table

SPEC = MelSpec()
FRAMES = 8
"""Of every phoneme."""


def speech_of(utterance: Utterance) -> tuple[Float32, tuple[int, ...]]:
    """Samples in which phoneme i sounds as a sine of (i + 1) / 20, and their durations."""
    durations = (FRAMES,) * len(utterance.phonemes)
    size = FRAMES * SPEC.hop_length
    sine = np.sin(np.arange(size) / 5).astype(np.float32)
    loud = [(i + 1) / 20 * sine for i in range(len(durations))]
    return np.concatenate(loud), durations


def fault_of(kind: FaultKind) -> tuple[PlantedFault, Float32, list[tuple[int, int]]]:
    """A fault, the speech before it, and the samples of each word."""
    utterance = utterance_of()
    samples, durations = speech_of(utterance)
    fault = plant(kind, samples, utterance, durations, SPEC, np.random.default_rng(0))
    assert fault is not None
    step = FRAMES * SPEC.hop_length
    return fault, samples, [(w.start * step, w.end * step) for w in utterance.words]


def test_pieces_are_left_out_doubled_and_exchanged() -> None:
    fault, samples, runs = fault_of("dropped")
    assert fault.word == 1
    before, (_, end) = runs[0][1], runs[1]
    assert len(fault.samples) == len(samples) - (end - before)
    assert np.corrcoef(fault.samples[before:][:9000], samples[end:][:9000])[0, 1] > 0.99
    fault, _, _ = fault_of("repeated")
    own = end - before
    assert len(fault.samples) == len(samples) + own
    np.testing.assert_array_equal(
        fault.samples[before : before + own], fault.samples[before + own : before + 2 * own]
    )
    fault, _, _ = fault_of("exchanged")
    following = runs[2][1] - end
    assert len(fault.samples) == len(samples)
    moved = fault.samples[before + following : before + following + own]
    assert np.corrcoef(moved, samples[before:end])[0, 1] > 0.99


def test_an_end_is_cut_off_before_a_word() -> None:
    fault, samples, runs = fault_of("cut")
    assert fault.word in (2, 3)
    assert len(fault.samples) == runs[fault.word][0]
    kept = fault.samples[: len(fault.samples) - 200]
    np.testing.assert_allclose(kept[200:], samples[200 : len(kept)], atol=1e-6)


def test_noise_lies_on_one_word_as_loud_as_it_says() -> None:
    fault, samples, runs = fault_of("noise")
    start, end = runs[fault.word]
    noise = fault.samples - samples
    assert not noise[:start].any()
    assert not noise[end:].any()
    levels = [float(np.mean(x[start:end] ** 2)) for x in (noise, samples)]
    assert 10 * np.log10(levels[0] / levels[1]) == pytest.approx(NOISE_DB, abs=0.5)


def test_too_few_words_for_a_fault() -> None:
    utterance = utterance_of([("k", "ˈæ", "t")] * 3)
    samples, durations = speech_of(utterance)
    assert plant("dropped", samples, utterance, durations, SPEC, np.random.default_rng(0)) is None


def run_of(cost: float, meant: tuple[int, ...] = (), found: tuple[int, ...] = ()) -> RunEvidence:
    return RunEvidence(cost=cost, least=0.0, meant=meant, found=found, start=0, stop=9)


def test_bounds_are_those_that_right_speech_does_not_exceed() -> None:
    right = [
        UtteranceEvidence((run_of(word, (5, 6)), run_of(0.0, (5,))), (run_of(gap), run_of(0.0)))
        for word, gap in zip(range(1000), range(1000, 0, -1), strict=True)
    ]
    likelier = replace(run_of(0.0, (5,)), dropped=2.5, repeated=-3.0)
    right.append(UtteranceEvidence((likelier,), (run_of(0.0), run_of(0.0))))
    bounds = thresholds_of([*right, None], [0.1, 0.4, 0.2])
    words = [w.cost / 2 > bounds.word for one in right for w in one.words[:1] if w]
    gaps = [one.gaps[0].cost > bounds.gap for one in right]
    assert (sum(words), sum(gaps)) == (0, 0)
    assert (bounds.word, bounds.gap) == (999 / 2, 1000)
    assert (bounds.dropped, bounds.repeated) == (2.5, 0.0)
    assert bounds.deviation == pytest.approx(0.4 * DEVIATION_MARGIN)


def test_a_retry_is_measured_by_what_stays_flagged() -> None:
    (first,), _, _ = synthesized(items_of("retry", "tacotron2"), (0, 2, 3), ALL)
    (second,), _, _ = synthesized(items_of("report"), (0, 2, 3))
    speech = [SampledUtterance(item, r) for item in items_of("off") for r in (first, second)]
    figures = figures_of(speech)
    counts = ("utterances", "words", "flagged_words", "flagged_utterances", "retried")
    assert [figures[name] for name in counts] == [2, 8, 1, 1, 1]
    share = figures["check_rtf"] / figures["synthesis_rtf"]
    assert figures["check_share_of_synthesis"] == pytest.approx(share)
    assert share > 0


def test_errors_are_counted_in_words_and_between_them() -> None:
    words = (run_of(0.0, (1, 2, 3), (1, 3)), None, run_of(0.0, (4, 5), (4, 6)))
    evidence = UtteranceEvidence(words, (run_of(0.0), run_of(0.0, (), (7,))))
    errors = phoneme_errors([evidence, None])
    counts = (errors.substitutions, errors.deletions, errors.insertions, errors.labels)
    assert counts == (1, 1, 1, 5)


@pytest.mark.parametrize(
    ("recognized", "kinds"), [(ALL, {"noise"}), ((0, 2, 3), {*KINDS, "untouched"})]
)
def test_noise_is_found_by_its_mel_and_other_faults_by_what_is_recognized(
    recognized: tuple[int, ...], kinds: set[str]
) -> None:
    samples, durations = speech_of(utterance_of())
    result = SynthesizedUtterance(
        waveform=Waveform(samples, SPEC.sample_rate),
        durations=durations,
        stage_seconds=StageSeconds(),
        batch_size=1,
        artifacts={},
        mel=log_mel(samples, SPEC),
    )
    speech = [SampledUtterance(item, result) for item in items_of("off", count=10)]
    bounds = CheckThresholds(word=4.0, gap=8.0, deviation=0.5)
    found = planted(FakeRecognizer([recognized]), speech, bounds)
    assert {kind for kind, row in found.items() if row["flagged"]} == kinds
    assert found["untouched"]["utterances"] == 10
    assert all(row["flagged"] in (0, row["utterances"]) for row in found.values())
    assert all(found[kind]["utterances"] == 2 for kind in KINDS)


class _Dictated:
    """A recognizer that recognizes given phonemes, whatever sounds."""

    mel_spec = SPEC

    def __init__(self, labels: list[int]) -> None:
        self.labels = labels

    def __call__(self, mels: Sequence[Float32]) -> list[RecognizerOutput]:
        rows = np.full((2 * len(self.labels), 78), -20.0, np.float32)
        rows[::2, BLANK] = 0.0
        rows[1::2][np.arange(len(self.labels)), self.labels] = 0.0
        return [RecognizerOutput(rows, rows, 2) for _ in mels]


def test_errors_in_the_speech_of_others_are_counted() -> None:
    text, silence = "A small cat.", np.zeros(22_050, np.float32)
    utterance = open_frontend("house-ipa").analyze(text, ssml=False).utterances[0]
    ids = symbol_table("house-ipa").ids(utterance.phonemes)
    labels = phoneme_labels(ids, "house-ipa")
    clips = [(text, silence, 22_050)]
    assert errors_of_others(_Dictated(labels), clips).rate == 0.0
    sounding = _without_gaps(labels)
    errors = errors_of_others(_Dictated(labels[:-2]), clips)
    assert errors.rate == pytest.approx(
        (len(sounding) - len(_without_gaps(labels[:-2]))) / len(sounding)
    )
    assert errors.rate > 0.0


def _without_gaps(labels: list[int]) -> list[int]:
    return [label for label in labels if label != gap_label("house-ipa")]


def test_a_stream_is_measured_as_a_recognizer_and_its_table_is_rewritten() -> None:
    labels = [5, gap_label("house-ipa"), 6, 7]
    meant = MeantLabels(tuple(labels), (0, -1, 1, 1), 2)
    speech = [HeldOutUtterance(np.zeros((80, 50), np.float32), meant)] * 2
    outputs, seconds = run(_Dictated([5, 6]), speech, at_once=1)
    assert seconds > 0
    errors = errors_of_variant(outputs, speech, "house-ipa")
    assert (errors.deletions, errors.labels) == (2, 6)
    bounds = CheckThresholds(word=0.5, gap=float("inf"))
    assert any(found for _, found in verdicts(outputs, speech, bounds, "house-ipa"))
    right, _ = run(_Dictated(labels), speech, at_once=2)
    assert verdicts(right, speech, bounds, "house-ipa") == [(1.0, False)] * 4
    # A chunk, as much context, the front's halo, and half a window of the mel.
    assert latency(StreamWindow(8, 8), SPEC) == pytest.approx(19 * 4 * 256 / 22050 + 512 / 22050)
    page = (Path(__file__).parents[2] / "docs/hear-back.md").read_text("utf-8")
    assert "\n| one |\n<!-- end -->" in with_table(page, "| one |\n")


def test_two_listeners_are_compared_sentence_by_sentence() -> None:
    texts = ("A small cat.", "A small dog.", "The sea.")
    utterance = open_frontend("house-ipa").analyze(texts[0], ssml=False).utterances[0]
    labels = phoneme_labels(symbol_table("house-ipa").ids(utterance.phonemes), "house-ipa")
    silence = np.zeros(22_050, np.float32)
    system = System("silent", lambda: lambda sentence: (silence, 22_050))
    sentences = [BenchSentence(f"LJ{n}", text) for n, text in enumerate(texts)]
    of_whisper = [{"words": 3, "word_errors": n} for n in (0, 1)] + [{"words": 2, "word_errors": 2}]
    found = compare(_Dictated(labels), system, sentences, of_whisper)
    assert found.wer == 3 / 8
    assert [errors.rate > 0 for errors in found.phonemes] == [False, True, True]
    assert found.agreement == pytest.approx(1.0)  # both hear more wrong from one to the next
    rows = listeners_table({"silent": found})
    assert "| silent | 37.5% |" in rows
    assert "over the 1 systems: nan" in rows  # one system cannot agree with itself


def test_a_system_that_lacks_a_sentence_is_not_compared() -> None:
    missing = System("missing", lambda: lambda sentence: None)
    with pytest.raises(MissingTool, match="LJ1"):
        compare(_Dictated([5]), missing, [BenchSentence("LJ1", "No.")], [])
