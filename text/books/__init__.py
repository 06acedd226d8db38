"""Books as files to books as chapters: EPUB, Markdown, plain text, SSML."""
