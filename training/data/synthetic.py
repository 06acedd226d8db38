"""Speech of our own voices as a prepared corpus: recognizers and acoustic models learn from it.

For a recognizer, sentences are transcripts of the corpus, whole or with their words in another
order, and words of the lexicon at random: one that checks speech must not guess words from those
before them. For an acoustic model they are transcripts as they are, at one speed and pitch, with
the mels of the model that speaks.
Durations are the acoustic models', so that words can be cut out and put in.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from audio.log_mel import log_mel
from core.errors import RhapsodeError
from core.mel import Float32, MelSpec
from core.protocols import TextFrontend
from core.request import SynthesisRequest
from core.text import Utterance
from core.voice import Catalogue
from synthesis.engine import Engine
from synthesis.parts import SynthesisItem, cut_parts, synthesis_items
from synthesis.results import SynthesizedUtterance
from text.frontend import english_lexicon, open_frontend
from training.data.corpus import CorpusEntry, PreparedCorpus, is_held_out

SENTENCES_AT_ONCE = 16
LONGEST_SECONDS = 14.0
"""Longer utterances are left out: they would set the length of every batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """How far what is said, and how, goes from a transcript that is simply read out.

    Attributes:
        whole: share of transcripts as they are.
        shuffled: share of transcripts in another order; the rest is words at random.
        speed: lowest and highest factor.
        pitch: likewise.
        measured: mels are measured on the audio; else they are those that were vocoded.
    """

    whole: float = 0.3
    shuffled: float = 0.4
    speed: tuple[float, float] = (0.8, 1.35)
    pitch: tuple[float, float] = (0.85, 1.2)
    measured: bool = True


VARIED = Variety()
PLAIN = Variety(whole=1.0, shuffled=0.0, speed=(1.0, 1.0), pitch=(1.0, 1.0), measured=False)


@dataclass(frozen=True, slots=True)
class SpeakingChoice:
    """A voice with its networks.

    Attributes:
        voice: of the catalogue.
        acoustic: its acoustic model.
        vocoder: its vocoder.
    """

    voice: str
    acoustic: str
    vocoder: str


def sentences(transcripts: Sequence[str], variety: Variety, seed: int) -> Iterator[str]:
    """Yields sentences without end.

    Args:
        transcripts: normalized texts of a corpus.
        variety: how many of them are in another order, or at random.
        seed: of the choice.
    """
    rng = np.random.default_rng(seed)
    known = [text.split() for text in transcripts]
    pool = [word for words in known for word in words]
    listed = [word for word, _ in english_lexicon().words() if word.isascii() and word.isalpha()]
    while True:
        kind, chosen = rng.random(), int(rng.integers(len(known)))
        if kind < variety.whole:
            yield transcripts[chosen]
            continue
        words = list(known[chosen])
        if kind >= variety.whole + variety.shuffled:
            count = int(rng.integers(1, 13))
            words = [
                pool[rng.integers(len(pool))]
                if rng.random() < 0.5
                else listed[rng.integers(len(listed))]
                for _ in range(count)
            ]
        else:
            words = [word.strip(".;:!?") for word in rng.permutation(words)]
            words = words[: int(rng.integers(2, 19))]
        text = " ".join(words).strip(" ,.;:!?")
        if text:
            yield text + "."


def synthesize_corpus(
    out: Path,
    catalogue: Catalogue,
    choices: Sequence[SpeakingChoice],
    transcripts: Sequence[str],
    *,
    variety: Variety,
    artifacts: Path,
    hours: float,
    seed: int,
    report: Callable[[str], None],
) -> PreparedCorpus:
    """Writes a prepared corpus of synthesized speech into ``out``.

    Args:
        out: folder.
        catalogue: voices and components; all of one mel and symbol table.
        choices: who speaks, equally often.
        transcripts: normalized texts of a corpus, those held out left aside.
        variety: of sentences and controls.
        artifacts: folder of exported networks.
        hours: of speech [h].
        seed: of sentences, voices and controls.
        report: gets a line of progress.
    """
    engine = Engine(artifacts)
    first = choices[0]
    model = catalogue.resolve(first.voice, first.acoustic, first.vocoder).acoustic_component
    frontend, spec = open_frontend(model.symbols), model.mel
    rng, source = np.random.default_rng(seed), sentences(transcripts, variety, seed)
    speakers = sorted({choice.voice for choice in choices})
    entries, clips, mels = list[CorpusEntry](), list[NDArray[np.int16]](), list[Float32]()
    samples, frames, rounds = 0, 0, 0
    while samples < hours * 3600 * spec.sample_rate:
        choice = choices[int(rng.integers(len(choices)))]
        for utterance, result in _synthesized(
            engine, catalogue, frontend, choice, variety, source, rng
        ):
            clip, mel = _measured(result.waveform.samples, spec, rng)
            mel = mel if variety.measured else result.mel.T
            if len(clip) > LONGEST_SECONDS * spec.sample_rate:
                continue
            entries.append(
                CorpusEntry(
                    id=f"S{seed}-{len(entries):06d}",
                    speaker=speakers.index(choice.voice),
                    text=utterance.text,
                    phonemes=list(utterance.phonemes),
                    durations=list(result.durations),
                    pitch=[],
                    energy=[],
                    audio_start=samples,
                    samples=len(clip),
                    mel_start=frames,
                    frames=len(mel),
                )
            )
            clips.append(clip)
            mels.append(mel)
            samples, frames = samples + len(clip), frames + len(mel)
        rounds += 1
        if rounds % 10 == 0:
            report(f"{samples / spec.sample_rate / 60:.1f} min")
    prepared = PreparedCorpus(spec, speakers, entries)
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "audio.npy", np.concatenate(clips))
    np.save(out / "mel.npy", np.concatenate(mels).astype(np.float16))
    (out / "index.json").write_bytes(msgspec.json.encode(prepared))
    return prepared


def transcripts_of(prepared: PreparedCorpus, symbols: str) -> list[str]:
    """Returns the normalized texts of what a prepared corpus does not hold out."""
    frontend = open_frontend(symbols)
    held_out = {e.text for e in prepared.entries if is_held_out(e.id)}
    texts = {e.text for e in prepared.entries} - held_out
    return [normalized_text(frontend, text) for text in sorted(texts)]


def normalized_text(frontend: TextFrontend, text: str) -> str:
    """Returns a text as it is read out."""
    return " ".join(u.text for u in frontend.analyze(text, ssml=False).utterances)


def _synthesized(
    engine: Engine,
    catalogue: Catalogue,
    frontend: TextFrontend,
    choice: SpeakingChoice,
    variety: Variety,
    source: Iterator[str],
    rng: np.random.Generator,
) -> list[tuple[Utterance, SynthesizedUtterance]]:
    """Returns utterances with their audio; what the engine refuses or flags is left out."""
    items = list[SynthesisItem]()
    for _ in range(SENTENCES_AT_ONCE):
        text = next(source)
        request = SynthesisRequest(
            text=text,
            voice=choice.voice,
            acoustic=choice.acoustic,
            vocoder=choice.vocoder,
            speed=round(float(rng.uniform(*variety.speed)), 2),
            pitch=round(float(rng.uniform(*variety.pitch)), 2)
            if choice.acoustic == "fastspeech2"
            else 1.0,
            seed=zlib.crc32(text.encode()) & 0x7FFFFFFF,
        )
        try:
            utterances = frontend.analyze(text, ssml=False).utterances
        except RhapsodeError:
            continue
        for part in cut_parts([utterances]):
            items += synthesis_items(part, request, catalogue)
    results = engine.synthesize(items)
    return [
        (item.utterance, result)
        for item, result in zip(items, results, strict=True)
        if isinstance(result, SynthesizedUtterance) and not result.notices
    ]


def _measured(
    samples: Float32, spec: MelSpec, rng: np.random.Generator
) -> tuple[NDArray[np.int16], Float32]:
    """Returns samples as int16, and the mel (T, n_mels), both with the noise of 16 bits."""
    dithered = samples + rng.standard_normal(len(samples)).astype(np.float32) / 32768
    clip = np.clip(dithered, -1.0, 1.0).astype(np.float32)
    return np.round(clip * 32767.0).astype(np.int16), log_mel(clip, spec).T
