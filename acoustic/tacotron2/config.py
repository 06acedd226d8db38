"""Sizes of a Tacotron 2."""

from __future__ import annotations

import msgspec

from acoustic.refiner.config import RefinerConfig

STEPS = 8
"""Decoder steps of one call. The stop mask is looked at between calls; a call per step would spend
more on handing over the state than on a light decoder."""


class CbhgConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes of the CBHG post-net. Source: Tacotron (arXiv 1703.10135) table 1."""

    n_linear: int = 513
    """Bins of the log magnitude spectrogram it predicts: n_fft / 2 + 1."""
    bank: int = 8
    """Widest kernel of the convolution bank; there is one convolution of each width up to it."""
    channels: int = 128
    projection: int = 256
    highways: int = 4
    gru: int = 128
    """Cells of each direction."""


class Tacotron2Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes; the defaults are NVIDIA's.

    Source: Tacotron 2 (arXiv 1712.05884) §2.2; NVIDIA/tacotron2@185cd24 hparams.py.
    """

    n_symbols: int = 148
    n_mels: int = 80
    embedding_dim: int = 512
    """Of the symbols; also the channels of the encoder's convolutions and of its LSTM."""
    encoder_kernel: int = 5
    encoder_convolutions: int = 3
    n_frames_per_step: int = 1
    """Reduction factor: frames that each step of the decoder makes."""
    attention_rnn_dim: int = 1024
    decoder_rnn_dim: int = 1024
    prenet_dim: int = 256
    attention_dim: int = 128
    location_filters: int = 32
    location_kernel: int = 31
    postnet_channels: int = 512
    postnet_kernel: int = 5
    postnet_convolutions: int = 5
    p_convolution_dropout: float = 0.5
    """While learning, as those below: §2.2, "dropout with probability 0.5" on every convolution of
    the encoder and the post-net."""
    p_attention_dropout: float = 0.1
    p_decoder_dropout: float = 0.1
    gate_threshold: float = 0.5
    """Stop once the probability of the gate is above."""
    frames_per_symbol_cap: int = 20
    """An utterance that has not stopped after ``frames_cap`` frames is a runaway. Speech has about
    6 frames a character (LJSpeech: 14 characters/s at 86 frames/s)."""
    frames_cap_base: int = 100
    """Added to the cap: short utterances have relatively longer pauses."""
    mask_convolutions: bool = True
    """Multiply by the length mask before every convolution. Differs: the reference does not, so
    its last symbols and frames depend on the batch; False reproduces it."""
    cbhg: CbhgConfig | None = None
    """A post-net to linear spectrograms, or none."""
    refiner: RefinerConfig = RefinerConfig()
    """What sharpens the mel after the post-net."""

    def frames_cap(self, length: int) -> int:
        """Most frames of an utterance of ``length`` symbols, whole steps.

        >>> Tacotron2Config().frames_cap(10)
        300
        """
        frames = self.frames_cap_base + self.frames_per_symbol_cap * length
        return -(-frames // self.n_frames_per_step) * self.n_frames_per_step
