"""One (X)HTML page to paragraphs of text: markup, what is left out, notes, places of ids.

Every reader of marked-up books ends here. Containers, spines and tables of contents are not
known here: they live in ``text.books.epub``.
"""
