"""Books as files to chapters of text: ``reader.read_book`` is the entry.

``pages`` reads one XHTML page, ``epub`` the container around pages, ``plain_text`` text files.
What the words of a chapter sound like is not known here: that is ``text.frontend``.
"""
