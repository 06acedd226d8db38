"""Plain text files: paragraphs out of wrapped lines, chapters by their headings.

Also what Project Gutenberg adds to its files. Sentences and words are not looked at here:
``text.segmentation`` and ``text.normalization`` do that.
"""
