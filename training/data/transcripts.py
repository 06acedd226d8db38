"""Transcripts to symbols, where a corpus brings text alone."""

from __future__ import annotations

from core.errors import ArtifactError, TextError
from core.protocols import TextFrontend

GAP = " "


def symbols_of(frontend: TextFrontend, utterance_id: str, text: str) -> list[str]:
    """Returns the symbols that the service itself has for a transcript, as one utterance.

    Sentences follow one another with one gap between them; the whole begins and ends with one.

    Raises:
        ArtifactError: there is nothing to speak.
    """
    try:
        analysis = frontend.analyze(text, ssml=False)
    except TextError as error:
        raise ArtifactError(f"{utterance_id}: {error}") from error
    symbols = [GAP]
    for utterance in analysis.utterances:
        symbols += utterance.phonemes[1:]  # each begins and ends with a gap
    return symbols
