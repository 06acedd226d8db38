"""The request: what is to be synthesized, and how it is to be delivered. Wire types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

import msgspec
from msgspec import Meta

from core.book import BookMetadata, ReadingOptions
from core.lexicon import PronunciationLexicon
from core.recognition import CheckMode
from core.text import ONE_VOICE, Notice, Pauses, Span, VoiceAssignment
from core.webhook import RequestedCallback

AudioFormat = Literal["wav", "flac", "ogg", "opus", "mp3", "m4b"]
"""ogg = Vorbis in Ogg, opus = Opus in Ogg, m4b = AAC in MP4 with chapter marks."""
StreamFormat = Literal["wav", "pcm", "mp3", "ogg", "opus", "flac", "aac"]
"""What audio can be sent as while it is made; pcm = 16-bit little endian, aac = AAC in ADTS."""
FileFormat = AudioFormat | Literal["epub"]
"""What a book can become: audio, or an EPUB 3 with Media Overlays (the text with its audio)."""
Highlight = Literal["sentence", "word"]
"""What an EPUB shows as it sounds."""
Package = Literal["file", "chapters"]
"""file: one file; chapters: a zip with a file per chapter and a manifest."""
Preset = Literal["acx"]
"""acx: what Audible's marketplace takes, see ``Controls.with_preset``."""
Lane = Literal["interactive", "bulk"]
RuntimeName = Literal["eager", "torchscript", "onnx", "openvino"]
"""openvino computes what it can in bfloat16; it needs the extra and a CPU that has it."""
Precision = Literal["fp32", "bf16", "fp16", "int8"]
"""Of weights and products: fp16 needs a GPU, bf16 openvino, int8 a Tacotron 2."""
PRECISIONS: Final[dict[RuntimeName, tuple[Precision, ...]]] = {
    "eager": ("fp32", "fp16"),
    "torchscript": ("fp32", "fp16", "int8"),
    "onnx": ("fp32", "fp16", "int8"),
    "openvino": ("bf16", "fp32"),
}
"""The precisions of each runtime, its own first."""
MAX_TEXT_CHARS = 1_000_000
MAX_INPUTS = 1000
"""Of a batch."""
INPUT_GAP = "\n\n"
"""Between the inputs of a batch within their job's source."""
LONG_CHARACTERS = 30_000
"""About half an hour of speech, planned in a quarter of a second: longer sources are long ones."""
SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
Speed = Annotated[float, Meta(ge=0.25, le=4.0, description="2.0 = twice as fast")]
Pitch = Annotated[float, Meta(ge=0.5, le=2.0, description="factor on F0")]
Energy = Annotated[float, Meta(ge=0.25, le=4.0, description="factor on the energy")]
LoudnessTarget = Annotated[float, Meta(ge=-36.0, le=-8.0, description="integrated, EBU R 128")]
BitRate = Annotated[int, Meta(ge=6_000, le=512_000, description="bits per second")]
Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]

InputId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
SpeakerName = Annotated[str, Meta(min_length=1, max_length=60)]


class RequestedPauses(Pauses, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pauses of a request, where a field that is not known is a mistake."""


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """The controls of a request: how something is to be spoken and delivered.

    They are stored as such, so unknown fields are ignored: a newer version may have written them.
    """

    voice: Name | None = None
    """A voice of the catalogue; None = the catalogue's default (the record says which)."""
    acoustic: Name | None = None
    """An acoustic model of the voice; None = the voice's default."""
    vocoder: Name | None = None
    """A vocoder of the voice; None = the voice's default."""
    runtime: RuntimeName | None = None
    """Which export speaks; None = the voice's, else the service's, else onnx."""
    precision: Precision | None = None
    """Of the export; None = the voice's, else the service's, else the runtime's own."""
    speed: Speed = 1.0
    pitch: Pitch = 1.0
    energy: Energy = 1.0
    sample_rate: int | None = None
    """Samples per second of the file [Hz]; None = the voice's own."""
    format: FileFormat = "wav"
    bit_rate: BitRate | None = None
    """Bits per second of mp3 (constant), opus and m4b (on average); None = the format's choice."""
    channels: Literal[1, 2] = 1
    """Of the file; 2 = the same in both."""
    highlight: Highlight = "sentence"
    """Of an EPUB: what is shown as it sounds, sentences or words."""
    seed: Seed = 0
    """Same request, seed and artifacts: same samples."""
    check: CheckMode = "off"
    """report: every word is compared with what a recognizer makes of the audio; retry: what does
    not sound as meant is synthesized once more, too."""
    lane: Lane = "interactive"
    """Interactive parts are batched before bulk parts."""
    pauses: Pauses = Pauses()
    """Silences that the text does not ask for."""
    loudness_lufs: LoudnessTarget | None = None
    """Integrated loudness of the whole file [LUFS], reached by one gain; None = as spoken."""
    lexicons: Annotated[tuple[Name, ...], Meta(max_length=5)] = ()
    """Names of lexicons (`PUT /lexicons/{name}`); the first that has a word counts."""
    speakers: Annotated[dict[SpeakerName, Name], Meta(max_length=50)] = {}
    """Voices of a script's speakers: what stands behind ``NAME:`` is spoken by the name's voice."""
    quote_voice: Name | None = None
    """A voice for what stands in quotation marks; None = the voice around it."""
    language: Literal["en", "any"] = "en"
    """en: what is mostly in another language or script is refused; any: it is read as English."""
    package: Package = "file"
    """One file, or a zip of one file per chapter."""
    stream: bool = False
    """Somebody hears it while it is made (``GET /jobs/{id}/audio?stream=true``): its parts are
    synthesized window by window, and a listener that goes away cancels it."""
    preset: Preset | None = None
    """acx: a zip of mp3 files of 44.1 kHz and 192 kbit/s, one a chapter, each at the level and with
    the room tone that ACX wants; format, package, rates and loudness are set by it."""

    @property
    def voices(self) -> VoiceAssignment:
        """Which voices speak a plain text besides ``voice``."""
        return VoiceAssignment(speakers=dict(self.speakers), quotes=self.quote_voice)

    @property
    def controls(self) -> Controls:
        """The controls alone, without what a request adds to them."""
        values = {name: getattr(self, name) for name in Controls.__struct_fields__}
        pauses = {name: getattr(self.pauses, name) for name in Pauses.__struct_fields__}
        return Controls(**values | {"pauses": Pauses(**pauses)})

    def with_preset(self) -> Self:
        """Returns the controls with what the preset sets."""
        if self.preset is None:
            return self
        return msgspec.structs.replace(
            self,
            format="mp3",
            package="chapters",
            sample_rate=44100,
            bit_rate=192_000,
            loudness_lufs=None,
        )


class BatchInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One text of many that a request has. Exactly one of ``text`` and ``ssml``."""

    id: InputId | None = None
    """Names its file; None = its number, from 1."""
    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    ssml: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None


class SynthesisRequest(Controls, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request of a client. Exactly one of ``text``, ``ssml`` and ``inputs``."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    """Plain text; blank lines are paragraph pauses."""
    ssml: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    """SSML 1.1 subset, root ``<speak>``."""
    inputs: Annotated[tuple[BatchInput, ...], Meta(min_length=1, max_length=MAX_INPUTS)] | None = (
        None
    )
    """Up to a thousand texts, each of which becomes a file of its own."""
    format: AudioFormat = "wav"
    pauses: RequestedPauses = RequestedPauses()
    callback: RequestedCallback | None = None
    """Who is told when the job ends, where the operator allows it."""

    @property
    def source(self) -> Source:
        """What is to be spoken."""
        if self.inputs is not None:
            return batch_source(self.inputs, self.voices)
        markup = self.ssml is not None
        return Source(text=self.ssml or self.text or "", markup=markup, voices=self.voices)


class Chapter(msgspec.Struct, frozen=True):
    """A run of a source under a title."""

    title: str
    span: Span


class BookFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a book that go into the tags of its file."""

    title: str
    authors: tuple[str, ...] = ()
    language: str = ""
    metadata: BookMetadata = BookMetadata()
    cover: str | None = None
    """Media type of its picture, which lies in the audio store; None = it has none."""


class KeptBook(msgspec.Struct, frozen=True):
    """How an EPUB was read that is kept with its job, to be written again with its audio."""

    reading: ReadingOptions
    chapters: tuple[int, ...]
    """Indices of the source's chapters among those of the EPUB."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a job: kept apart from its record, which is read at every poll."""

    text: str
    markup: bool = False
    """SSML."""
    chapters: tuple[Chapter, ...] = ()
    """In order, disjoint, without gaps but whitespace; empty = one without a title."""
    book: BookFacts | None = None
    notices: tuple[Notice, ...] = ()
    """What a reader of files left out."""
    lexicons: tuple[PronunciationLexicon, ...] = ()
    """Copies of the client's lexicons as they were when the job was accepted, then the book's."""
    voices: VoiceAssignment = ONE_VOICE
    """Which voices speak a plain text besides the request's."""
    unreadable: tuple[str, ...] = ()
    """Pages of the file that could not be read: without them the job is partial."""
    kept: KeptBook | None = None
    """Of a job whose EPUB lies in the audio store; None = none does."""
    batch: bool = False
    """Its chapters are the inputs of a batch: each is a file of its own, as if it were alone."""

    @property
    def facts(self) -> SourceFacts:
        """The facts that stand in the record."""
        title = self.book.title if self.book else None
        inputs = len(self.chapters) if self.batch else 0
        return SourceFacts(len(self.text), self.markup, len(self.chapters), title, inputs)


class SourceFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts about a source that stand in the record."""

    characters: int
    """Length in code points."""
    markup: bool = False
    """Whether it is SSML."""
    chapters: int = 0
    title: str | None = None
    """Of the book."""
    inputs: int = 0
    """Of a batch; 0 = it is none."""

    @property
    def is_long(self) -> bool:
        """Whether planning and assembling it may take so long that others should not wait."""
        return self.characters > LONG_CHARACTERS


def batch_source(inputs: Sequence[BatchInput], voices: VoiceAssignment) -> Source:
    """Returns the inputs of a batch as one source, in which each is a chapter.

    >>> batch_source([BatchInput(text="One."), BatchInput(text="Two.", id="b")], ONE_VOICE).chapters
    (Chapter(title='1', span=Span(start=0, end=4)), Chapter(title='b', span=Span(start=6, end=10)))
    """
    chapters, texts, start = [], [], 0
    for number, one in enumerate(inputs, 1):
        text = one.ssml or one.text or ""
        chapters.append(Chapter(one.id or str(number), Span(start, start + len(text))))
        texts.append(text)
        start += len(text) + len(INPUT_GAP)
    return Source(
        text=INPUT_GAP.join(texts),
        markup=inputs[0].ssml is not None,
        chapters=tuple(chapters),
        voices=voices,
        batch=True,
    )
