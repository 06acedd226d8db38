"""EPUB 2 and 3: zip container, package document, table of contents, chapters.

The pages themselves are read by ``text.books.pages``; nothing here decides what an element of
a page means.
"""
