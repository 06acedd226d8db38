"""What was synthesized is compared with what was meant, flagged, and spoken once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from api.transcript_views import Manifest, manifest, manifest_json
from core.errors import FieldError, SynthesisError
from core.mel import Float32, MelSpec
from core.part import Part
from core.recognition import CheckMode, CheckThresholds, RecognizerOutput
from core.request import SynthesisRequest
from core.text import Span, Utterance, Word
from core.voice import Catalogue, Component, Provenance
from exports.registry import spec_of
from recognition.check import check_utterance
from recognition.evidence import find_evidence, meant_labels
from synthesis.checking import at_learnt_speed
from synthesis.engine import Engine
from synthesis.loading import VoiceCache
from synthesis.part_audio import part_audio_of, part_digest
from synthesis.parts import SynthesisItem, synthesis_items
from synthesis.report import ReportBuilder
from synthesis.results import SynthesizedUtterance
from synthesis.transcript import timed_lines
from tests.fake_engine import CATALOGUE, SPEC, Bench, succeeded
from text.g2p.symbols import symbol_table

HOUSE = "house-ipa"
THRESHOLDS = CheckThresholds(word=4.0, gap=8.0)
WORDS = (("ð", "ə"), ("k", "ˈæ", "t"), ("m", "ˈu", "v"), ("d", "ˈaʊ", "n"))
TEXT = ("the", "cat", "moved", "down")
ALL = (0, 1, 2, 3)


def utterance_of(words: Sequence[Sequence[str]] = WORDS) -> Utterance:
    """Words with a gap between each two, and a full stop."""
    phonemes, placed, at = list[str](), list[Word](), 0
    for text, word in zip(TEXT, words, strict=False):
        start = len(phonemes)
        phonemes += word
        placed.append(Word(text, Span(at, at + len(text)), start, start + len(word)))
        phonemes.append(" ")
        at += len(text) + 1
    phonemes[-1] = "."
    return Utterance(
        text=" ".join(TEXT),
        span=Span(0, at - 1),
        phonemes=tuple(phonemes),
        phoneme_ids=symbol_table(HOUSE).ids(phonemes),
        pause_after_seconds=0.0,
        words=tuple(placed),
    )


def scores_of(order: Sequence[int], words: Sequence[Sequence[str]] = WORDS) -> Float32:
    """Log-probabilities in which these words sound, one after the other, each frame nearly sure."""
    table = symbol_table(HOUSE)
    plain = [[table.ids([s.lstrip("ˈˌ")])[0] for s in words[i]] for i in order]
    frames = [0, 0]
    for word in plain:
        for label in word:
            frames += [label, 0, 0]
        frames += [table.ids([" "])[0], 0, 0, 0]
    frames[-4:] = [0, 0, 0, 0]
    rows = np.full((len(frames), table.size), 1e-4)
    rows[np.arange(len(frames)), frames] = 0.99
    rows[:, 0] += 1e-3
    scores: Float32 = np.log(rows / rows.sum(1, keepdims=True)).astype(np.float32)
    return scores


def findings(order: Sequence[int]) -> list[tuple[int, str]]:
    meant = meant_labels(utterance_of(), HOUSE)
    (evidence,) = find_evidence([scores_of(order)], [meant], HOUSE)
    check = check_utterance(evidence, 4, THRESHOLDS, HOUSE)
    assert len(check.confidences) == 4
    return [(f.word, f.code) for f in check.findings]


def test_right_speech_has_no_finding_and_high_confidences() -> None:
    assert findings(ALL) == []
    meant = meant_labels(utterance_of(), HOUSE)
    (evidence,) = find_evidence([scores_of(ALL)], [meant], HOUSE)
    assert min(check_utterance(evidence, 4, THRESHOLDS, HOUSE).confidences) > 0.9


def test_a_dropped_word_is_found() -> None:
    assert findings((0, 2, 3)) == [(1, "dropped_word")]
    assert findings((0, 1, 2)) == [(3, "dropped_word")]


def test_a_repeated_word_is_found() -> None:
    assert (1, "repeated_word") in findings((0, 1, 1, 2, 3))
    assert (3, "repeated_word") in findings((0, 1, 2, 3, 3))


def test_an_utterance_that_is_likelier_without_a_word_or_with_it_twice_is_flagged() -> None:
    unbounded = CheckThresholds(word=1e9, gap=1e9)
    meant = meant_labels(utterance_of(), HOUSE)
    bounds = msgspec.structs.replace(unbounded, dropped=5.0, repeated=0.0)
    for order, flagged in (
        (ALL, []),
        ((0, 2, 3), [(1, "dropped_word")]),
        ((1, 2, 3), [(0, "dropped_word")]),
        ((0, 1, 2), [(3, "dropped_word")]),
        ((0, 1, 1, 2, 3), [(1, "repeated_word")]),
        ((0, 0, 1, 2, 3), [(0, "repeated_word")]),
        ((0, 1, 2, 3, 3), [(3, "repeated_word")]),
    ):
        (evidence,) = find_evidence([scores_of(order)], [meant], HOUSE)
        check = check_utterance(evidence, 4, bounds, HOUSE)
        assert [(f.word, f.code) for f in check.findings] == flagged, order
        assert check_utterance(evidence, 4, unbounded, HOUSE).findings == ()


def test_exchanged_words_are_found() -> None:
    assert findings((0, 3, 2, 1)) != []


def test_another_word_is_misheard() -> None:
    meant = meant_labels(utterance_of(), HOUSE)
    other = [WORDS[0], ("k", "ˈæ", "p"), ("s", "ˈi", "l"), WORDS[3]]
    (evidence,) = find_evidence([scores_of(ALL, other)], [meant], HOUSE)
    (finding,) = check_utterance(evidence, 4, THRESHOLDS, HOUSE).findings
    assert (finding.word, finding.code) == (2, "misheard")
    assert "".join(finding.recognized) == "sil"


def test_a_word_whose_samples_are_not_what_was_vocoded_is_misheard() -> None:
    meant = meant_labels(utterance_of(), HOUSE)
    (evidence,) = find_evidence([scores_of(ALL)], [meant], HOUSE)
    bounds = msgspec.structs.replace(THRESHOLDS, deviation=0.6)
    check = check_utterance(evidence, 4, bounds, HOUSE, (0.3, 0.6, 2.0, 0.0))
    assert [(f.word, f.code) for f in check.findings] == [(2, "misheard")]
    assert check_utterance(evidence, 4, bounds, HOUSE).findings == ()


def test_an_utterance_too_short_for_its_words_lacks_them_all() -> None:
    meant = meant_labels(utterance_of(), HOUSE)
    assert find_evidence([scores_of(ALL)[:5]], [meant], HOUSE) == [None]
    assert len(check_utterance(None, 4, THRESHOLDS, HOUSE).findings) == 4


def test_a_word_of_silence_alone_is_neither_right_nor_wrong() -> None:
    words = (WORDS[0], (), WORDS[2], WORDS[3])
    meant = meant_labels(utterance_of(words), HOUSE)
    (evidence,) = find_evidence([scores_of((0, 2, 3))], [meant], HOUSE)
    check = check_utterance(evidence, 4, THRESHOLDS, HOUSE)
    assert check.findings == ()
    assert check.confidences[1] == 1.0


def test_very_fast_and_very_slow_speech_is_brought_to_a_speed_that_was_learnt() -> None:
    mel = np.arange(8, dtype=np.float32)[None]
    assert at_learnt_speed(mel, 1.0) is mel
    assert at_learnt_speed(mel, 3.0).shape == (1, 16)
    assert at_learnt_speed(mel, 0.35).shape == (1, 4)
    np.testing.assert_array_equal(at_learnt_speed(mel, 3.0)[0, [0, -1]], [0, 7])


@dataclass
class FakeRecognizer:
    """Each call gives the next of the scripts; a script is what every utterance of it says."""

    scripts: list[Sequence[int]]
    mel_spec: MelSpec = SPEC
    sizes: list[int] = field(default_factory=list)

    def __call__(self, mels: Sequence[Float32]) -> list[RecognizerOutput]:
        self.sizes.append(len(mels))
        script = self.scripts[min(len(self.sizes), len(self.scripts)) - 1]
        if not script:
            raise SynthesisError("a mel without frames", code="empty_utterance")
        scores = scores_of(script)
        return [RecognizerOutput(scores, scores, 2) for _ in mels]


def recognizer_component() -> Component:
    component = spec_of("convolutional_bilstm").component(
        "hearing",
        {"n_symbols": 78},
        mel=SPEC,
        symbols="house",
        provenance=Provenance(source="-", licence="-"),
    )
    return msgspec.structs.replace(component, thresholds=THRESHOLDS)


def catalogue_with(component: Component) -> Catalogue:
    components = CATALOGUE.components | {component.name: component}
    return Catalogue(CATALOGUE.voices, components)


CHECKING = catalogue_with(recognizer_component())


def items_of(
    check: CheckMode,
    acoustic: str = "fastspeech2",
    count: int = 1,
    thresholds: CheckThresholds = THRESHOLDS,
) -> list[SynthesisItem]:
    request = SynthesisRequest(text="-", voice="one", acoustic=acoustic, vocoder="hifigan")
    request = msgspec.structs.replace(request, check=check)
    items = synthesis_items(Part(0, 0, (utterance_of(),) * count), request, CHECKING)
    house = recognizer_component()
    house = msgspec.structs.replace(house, symbols=HOUSE, thresholds=thresholds)
    return [i if i.check == "off" else msgspec.structs.replace(i, recognizer=house) for i in items]


def synthesized(
    items: Sequence[SynthesisItem], *scripts: Sequence[int]
) -> tuple[list[SynthesizedUtterance], Bench, FakeRecognizer]:
    bench, recognizer = Bench(), FakeRecognizer(list(scripts))

    def load_recognizer(component: Component, **_: object) -> FakeRecognizer:
        return recognizer

    voices = VoiceCache(Path("unused"), "cpu", bench.load, load_recognizer)
    bench.engine = Engine(Path("unused"), budgets=bench.budgets, voices=voices)
    return [succeeded(r) for r in bench.engine.synthesize(items)], bench, recognizer


def codes_of(result: SynthesizedUtterance) -> list[str]:
    assert result.check is not None
    return [finding.code for finding in result.check.findings]


def test_nothing_is_checked_unasked() -> None:
    (result,), _, recognizer = synthesized(items_of("off"), ALL)
    assert result.check is None
    assert recognizer.sizes == []
    assert part_audio_of([result]).checks == ()


def test_a_report_leaves_the_audio_as_it_is() -> None:
    (plain,), _, _ = synthesized(items_of("off"), ALL)
    (result,), bench, _ = synthesized(items_of("report"), (0, 2, 3))
    assert codes_of(result) == ["dropped_word"]
    assert len(bench.voice.acoustic.calls) == 1
    np.testing.assert_array_equal(result.waveform.samples, plain.waveform.samples)


def test_samples_are_compared_with_the_mel_that_was_vocoded() -> None:
    bounds = msgspec.structs.replace(THRESHOLDS, deviation=0.6)
    # Every word is recognized, but the fake vocoder makes no sound of its mels.
    (result,), _, _ = synthesized(items_of("report", thresholds=bounds), ALL)
    assert codes_of(result) == ["misheard"] * 4


def test_utterances_are_checked_together() -> None:
    results, _, recognizer = synthesized(items_of("report", count=20), ALL)
    assert recognizer.sizes == [16, 4]
    assert [codes_of(r) for r in results] == [[]] * 20


def test_utterances_of_other_lengths_do_not_share_a_batch() -> None:
    slow = [msgspec.structs.replace(item, speed=0.5) for item in items_of("report", count=2)]
    items = [*slow, *items_of("report", count=3)]
    results, _, recognizer = synthesized(items, ALL)
    assert recognizer.sizes == [3, 2]
    assert [codes_of(r) for r in results] == [[]] * 5


@pytest.mark.parametrize("acoustic", ["tacotron2", "fastspeech2"])
def test_a_retry_that_sounds_right_is_kept(acoustic: str) -> None:
    (result,), bench, _ = synthesized(items_of("retry", acoustic), (0, 2, 3), ALL)
    assert codes_of(result) == []
    assert [n.code for n in result.notices] == ["anomaly_retried"]
    how = "with another seed" if acoustic == "tacotron2" else "by tacotron2"
    assert how in result.notices[0].message
    assert "dropped_word" in result.notices[0].message
    assert len(bench.voice.acoustic.calls) == 2
    assert result.check is not None
    assert result.check.seconds > 0


@pytest.mark.parametrize(("seeded", "acoustic_calls"), [(True, 1), (False, 2)])
def test_words_that_the_vocoder_alone_made_wrong_are_vocoded_again(
    seeded: bool, acoustic_calls: int
) -> None:
    bounds = msgspec.structs.replace(THRESHOLDS, deviation=0.6)
    items = [
        msgspec.structs.replace(
            item,
            selection=msgspec.structs.replace(
                item.selection,
                vocoder_component=msgspec.structs.replace(
                    item.selection.vocoder_component, seeded=seeded
                ),
            ),
        )
        for item in items_of("retry", thresholds=bounds)
    ]
    (result,), bench, _ = synthesized(items, ALL)
    assert [n.code for n in result.notices] == ["anomaly_retried"]
    # Another mel is the only way with a vocoder that would repeat itself.
    assert len(bench.voice.acoustic.calls) == acoustic_calls
    assert ("with another seed" if seeded else "by tacotron2") in result.notices[0].message


def test_the_first_try_is_kept_where_the_second_is_no_better() -> None:
    (result,), bench, _ = synthesized(items_of("retry", "tacotron2"), (0, 2, 3), (0, 3))
    assert codes_of(result) == ["dropped_word"]
    assert len(bench.voice.acoustic.calls) == 2


def test_what_sounds_right_is_not_synthesized_again() -> None:
    _, bench, _ = synthesized(items_of("retry", "tacotron2"), ALL)
    assert len(bench.voice.acoustic.calls) == 1


def test_a_check_that_fails_is_an_error_not_consent() -> None:
    bench, recognizer = Bench(), FakeRecognizer([()])
    voices = VoiceCache(Path("unused"), "cpu", bench.load, lambda *_, **__: recognizer)
    (result,) = Engine(Path("unused"), voices=voices).synthesize(items_of("report"))
    assert isinstance(result, SynthesisError)


def test_a_check_belongs_to_what_a_part_was_made_of() -> None:
    digests = [part_digest(items_of(mode)) for mode in ("off", "report", "retry")]
    assert len(set(digests)) == 3


def test_report_and_timings_name_the_word() -> None:
    (result,), _, _ = synthesized(items_of("report"), (0, 2, 3))
    audio, utterance = part_audio_of([result]), utterance_of()
    report = ReportBuilder()
    report.add_part(audio, (utterance,))
    built = report.build(22050, 22050)
    assert (built.checked_words, built.flagged_words) == (4, 1)
    assert built.check_seconds > 0
    assert built.compute_seconds == pytest.approx(built.stage_seconds.total + built.check_seconds)
    (notice,) = built.warnings
    assert (notice.code, notice.span) == ("dropped_word", utterance.words[1].span)
    assert "'cat'" in notice.message
    lines = list(timed_lines(Part(0, 0, (utterance,)), audio, [0]))
    (line,) = lines
    assert [word.finding for word in line.words] == [None, "dropped_word", None, None]
    assert line.words[1].confidence is not None
    (place,) = line.flagged
    found = manifest(17, lines, ())
    assert found.flagged == (place,)
    assert msgspec.json.decode(b"".join(manifest_json(found)), type=Manifest) == found
    assert (place.text, place.code) == ("cat", "dropped_word")
    assert (place.expected, place.recognized) == ("kˈæt", "")
    assert line.words[1].start == place.start < place.end


def test_without_a_recognizer_that_fits_a_check_is_refused() -> None:
    others: list[dict[str, Any]] = [
        {"thresholds": None},
        {"symbols": "arpabet"},
        {"mel": msgspec.structs.replace(SPEC, n_mels=40)},
    ]
    for changes in others:
        catalogue = catalogue_with(msgspec.structs.replace(recognizer_component(), **changes))
        with pytest.raises(FieldError, match="no recognizer") as refused:
            catalogue.recognizer_of(catalogue.resolve("one"))
        assert refused.value.code == "check_unavailable"
    assert CHECKING.recognizer_of(CHECKING.resolve("one")).name == "hearing"
