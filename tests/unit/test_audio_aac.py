"""AAC frames as FFmpeg decodes them: every code word, every rate, noise beside FFmpeg's own."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from scipy.fft import dct

from audio.aac.bitstream import Quantized, band_costs, choose_books, write_frames
from audio.aac.encoder import PRIMING, AacEncoder, mdct
from audio.aac.quantizer import SCALE_FACTOR_OFFSET, quantize
from audio.aac.tables import MAX_FRAME_BITS, band_edges, codebooks, scale_factor_code
from audio.aac.tns import ORDER, TnsFilters
from audio.containers.mp4 import Mp4File
from audio.m4b import default_bit_rate
from core.request import SAMPLE_RATES

RATE = 22050


def decode(frames: list[bytes], rate: int, path: Path) -> np.ndarray:
    """All samples that FFmpeg decodes, behind the priming."""
    file = Mp4File(path, rate, channels=1, priming=PRIMING)
    for frame in frames:
        file.write_frame(frame)
    file.close((len(frames) - 1) * 1024, (), None)
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])


def encode(samples: np.ndarray, rate: int = RATE, bit_rate: int = 64_000) -> list[bytes]:
    encoder = AacEncoder(rate, bit_rate)
    return [*encoder.encode(samples.astype(np.float32)), *encoder.finish()]


def voice(rate: int, seconds: float = 3.0) -> np.ndarray:
    """Pulses through two formants, bursts of noise, and pauses with a faint hiss."""
    rng, n = np.random.default_rng(5), round(rate * seconds)
    t = np.arange(n) / rate
    phase = np.cumsum(120 + 30 * np.sin(2 * np.pi * 1.3 * t)) / rate
    harmonics = np.arange(1, int(0.45 * rate / 150))
    formants = [1 / (1 + ((harmonics * 120 - f) / b) ** 2) for f, b in ((600, 150), (1700, 250))]
    level = np.sum(formants, axis=0)
    voiced = (level[:, None] * np.cos(2 * np.pi * harmonics[:, None] * phase)).sum(axis=0)
    gate = (t % 0.5 < 0.3) * np.minimum(1, (t % 0.5) * 100)
    burst = (t % 0.5 > 0.33) * (t % 0.5 < 0.37) * rng.standard_normal(n)
    hiss = 1e-4 * rng.standard_normal(n)
    samples: np.ndarray = 0.3 * voiced / np.abs(voiced).max() * gate + 0.08 * burst + hiss
    return samples


def dequantized(quantized: Quantized, edges: np.ndarray) -> np.ndarray:
    """Source: ISO/IEC 14496-3 §4.6.1.3 and §4.6.2.3.3."""
    steps = 2.0 ** (0.25 * (quantized.scale_factors - SCALE_FACTOR_OFFSET))
    values = quantized.values
    return np.sign(values) * np.abs(values) ** (4 / 3) * np.repeat(steps, np.diff(edges), axis=1)


def synthesized(spectra: np.ndarray) -> np.ndarray:
    """The inverse transform, windowed and overlapped; the first 1024 samples are left out."""
    folded = dct(spectra, type=4, axis=1) / 2048
    second, first = folded[:, :512], folded[:, 512:]
    blocks = np.concatenate([first, -first[:, ::-1], -second[:, ::-1], -second], axis=1)
    blocks = blocks * np.sin(np.pi / 2048 * (np.arange(2048) + 0.5))
    samples: np.ndarray = (blocks[:-1, 1024:] + blocks[1:, :1024]).ravel() / 32768
    return samples


def test_the_transform_is_undone() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (9, 1024)) * 32768
    windows = np.concatenate([samples[:-1], samples[1:]], axis=1)
    spectra = mdct(windows * np.sin(np.pi / 2048 * (np.arange(2048) + 0.5)))
    np.testing.assert_allclose(synthesized(spectra), samples[1:-1].ravel() / 32768, atol=1e-12)


def test_codes_are_complete_and_free_of_prefixes() -> None:
    for lengths, words in [scale_factor_code(), *((b.lengths, b.words) for b in codebooks())]:
        assert sum(Fraction(1, 2 ** int(length)) for length in lengths) == 1
        texts = sorted(f"{int(w):0{n}b}" for w, n in zip(words, lengths, strict=True))
        assert not any(b.startswith(a) for a, b in pairwise(texts))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 32000, 48000])
def test_ffmpeg_decodes_every_code_word_to_the_same_coefficients(tmp_path: Path, rate: int) -> None:
    """Spectra at random in bands of every size of number, so that each book writes each tuple."""
    rng, edges = np.random.default_rng(rate), band_edges(rate)
    frames, bands = 400, len(edges) - 1
    largest = rng.choice([0, 1, 2, 4, 7, 12, 15, 40, 8191], (frames, bands))
    limit = np.repeat(largest, np.diff(edges), axis=1)
    sparse = rng.uniform(0, 1, limit.shape) ** rng.choice([1, 4], (frames, 1))
    values = np.rint(sparse * limit).astype(np.int64) * rng.choice([-1, 1], limit.shape)
    values[:, 40:][np.abs(values[:, 40:]) > 15] = 0  # long escapes below only: frames must fit
    factors = rng.integers(60, 118, (frames, bands))
    quantized = Quantized(values, factors)
    none = TnsFilters(np.zeros(frames, np.int64), np.zeros((frames, ORDER), np.int64), 0)
    written = write_frames(quantized, none, edges)
    books = choose_books(band_costs(values, edges))
    assert set(books.ravel()) == set(range(12))
    expected = synthesized(dequantized(quantized, edges))
    found = decode(written, rate, tmp_path / "a.m4a")
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=2e-6 * scale)


def test_every_tuple_of_every_book_is_written_as_it_is_read(tmp_path: Path) -> None:
    """One band holds tuple after tuple of one book; the words are those of FFmpeg's own tables."""
    edges = band_edges(RATE)
    for number, book in enumerate(codebooks(), 1):
        base = min(book.base, 17)
        digits = np.indices((base,) * book.size).reshape(book.size, -1).T
        tuples = digits - book.largest if book.signed else digits
        room = 512 // book.size
        frames = -(-len(tuples) // room)
        values = np.zeros((frames, 1024), np.int64)
        values[:, :512].reshape(-1, book.size)[: len(tuples)] = tuples
        quantized = Quantized(values, np.full((frames, len(edges) - 1), 110))
        none = TnsFilters(np.zeros(frames, np.int64), np.zeros((frames, ORDER), np.int64), 0)
        written = write_frames(quantized, none, edges)
        expected = synthesized(dequantized(quantized, edges))
        if len(expected):
            found = decode(written, RATE, tmp_path / f"{number}.m4a")
            np.testing.assert_allclose(found, expected, atol=1e-6)


def encoded_by_ffmpeg(samples: np.ndarray, rate: int, bit_rate: int) -> list[bytes]:
    codec = av.CodecContext.create("aac", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = rate, "mono", "fltp"
    codec.time_base, codec.bit_rate = Fraction(1, rate), bit_rate
    frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), "fltp", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return [bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None))]


@pytest.mark.parametrize("rate", SAMPLE_RATES)
def test_no_more_noise_than_ffmpeg_makes_of_as_many_bits(tmp_path: Path, rate: int) -> None:
    samples, bit_rate = voice(rate), default_bit_rate(rate)
    ours, theirs = encode(samples, rate, bit_rate), encoded_by_ffmpeg(samples, rate, bit_rate)
    noise = [
        np.square(decode(frames, rate, tmp_path / "a.m4a")[: len(samples)] - samples)
        for frames in (ours, theirs)
    ]
    assert noise[0].sum() < noise[1].sum()
    assert 8 * sum(map(len, ours)) / 3.0 < 1.15 * bit_rate
    # Before onsets, where a long window spreads noise, little more than short windows leave.
    onsets = rate // 2 * np.arange(1, 6)[:, None] - np.arange(rate // 15)
    before = [10 * np.log10(n[onsets].mean()) for n in noise]
    assert before[0] < before[1] + 8


EXTREMES = {
    "silence": np.zeros(30000),
    "full scale": np.sign(np.random.default_rng(0).standard_normal(30000)),
    "a constant": np.ones(30000),
    "a tone": np.sin(0.3 * np.arange(30000)),
    "below 16 bits": 1e-6 * np.random.default_rng(0).standard_normal(30000),
    "one sample": np.ones(1),
    "nothing": np.zeros(0),
}


@pytest.mark.parametrize("bit_rate", [8_000, 64_000, 300_000])
@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_fit_their_frames(tmp_path: Path, name: str, bit_rate: int) -> None:
    samples = EXTREMES[name]
    frames = encode(samples, RATE, bit_rate)
    assert len(frames) == -(-len(samples) // 1024) + 1
    assert max(map(len, frames)) * 8 <= MAX_FRAME_BITS
    if name in ("silence", "nothing"):
        assert not decode([*frames, *frames], RATE, tmp_path / "a.m4a").any()
    if name in ("a constant", "a tone") and bit_rate > 8_000:
        found = decode(frames, RATE, tmp_path / "a.m4a")[: len(samples)]
        assert np.abs(found - samples)[2048:-2048].max() < 0.01


@pytest.mark.parametrize("block", [1, 1000, 1024, 99_999])
def test_how_samples_are_cut_makes_no_difference(block: int) -> None:
    samples = voice(RATE, 0.3 if block == 1 else 6.0).astype(np.float32)
    encoder, frames = AacEncoder(RATE, 64_000), list[bytes]()
    for start in range(0, len(samples), block):
        frames += encoder.encode(samples[start : start + block])
    assert frames + encoder.finish() == encode(samples)


def test_a_budget_moves_the_steps() -> None:
    edges = band_edges(RATE)
    spectra = 1000 * np.random.default_rng(0).standard_normal((3, 1024))
    coarse, fine = (quantize(spectra, edges, np.full(3, float(b))) for b in (1500, 4500))
    assert (fine.scale_factors < coarse.scale_factors).all()
