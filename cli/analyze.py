"""``rhapsode analyze``: tells what a text or book would be read as, and speaks nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from cli.request import lexicon_option, read_lexicons, read_text, reading_options, voice_options
from core.errors import FieldError
from core.text import VoiceAssignment

if TYPE_CHECKING:
    from text.analysis import AnalyzedBook, AnalyzedText


@click.command()
@click.argument("text", required=False)
@click.option("--ssml", is_flag=True, help="The text is SSML.")
@click.option(
    "--book",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A book's file (EPUB, DOCX, HTML, FB2, Markdown, text, SSML) instead of TEXT.",
)
@click.option("--include", help="What of a book is read, as for `rhapsode book`.")
@click.option("--say-titles", is_flag=True, help="As for `rhapsode book`.")
@lexicon_option
@voice_options
@click.option(
    "--symbols",
    default="house-ipa",
    show_default=True,
    help="The symbol table: house-ipa, arpabet, characters.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole analysis as JSON.")
def analyze(
    text: str | None,
    ssml: bool,
    book: Path | None,
    include: str | None,
    say_titles: bool,
    lexicon_files: tuple[Path, ...],
    speakers: dict[str, str] | None,
    quote_voice: str | None,
    symbols: str,
    as_json: bool,
) -> None:
    """Tell what TEXT (- reads standard input) would be read as, without a voice.

    \b
    rhapsode analyze "Dr. Smith paid $4.50 on 3/5/2024."
    rhapsode analyze --json "She used to read."
    rhapsode analyze --book novel.epub
    """
    from text.analysis import analyze_book, analyze_text
    from text.books.reader import read_book
    from text.frontend import open_frontend

    if (text is None) == (book is None):
        raise FieldError("text", "exactly one of TEXT and --book is needed")
    frontend = open_frontend(symbols)
    lexicons = read_lexicons(lexicon_files)
    voices = VoiceAssignment(speakers=speakers or {}, quotes=quote_voice)
    found: AnalyzedText | AnalyzedBook
    if book is not None:
        options = reading_options(include, say_titles, speakers or ())
        content = read_book(book.read_bytes(), book.name, options)
        found = analyze_book(frontend, content, lexicons, voices)
    else:
        source = read_text(text or "")
        found = analyze_text(frontend, source, ssml=ssml, lexicons=lexicons, voices=voices)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _print(found)


def _print(found: AnalyzedText | AnalyzedBook) -> None:
    from text.analysis import AnalyzedBook

    if isinstance(found, AnalyzedBook):
        for chapter in found.chapters:
            click.echo(f"\n{chapter.title}\n")
            _print(chapter.analysis)
        click.echo(f"\n{found.title}: about {found.seconds / 60:.0f} minutes")
        return
    for utterance in found.utterances:
        voice = f"{utterance.voice}: " if utterance.voice else ""
        click.echo(f"{voice}{utterance.spoken}\n  {utterance.phonemes}")
    for notice in found.notices:
        where = f" at {notice.span.start}–{notice.span.end}" if notice.span else ""
        click.echo(f"note: {notice.message}{where} [{notice.code}]", err=True)
    click.echo(f"about {found.seconds:.1f} s", err=True)
