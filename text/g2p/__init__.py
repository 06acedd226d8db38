"""Pronunciation: words to phonemes to the symbols of a voice's table.

Lexicon, part-of-speech tagger, guesser, IPA and symbol tables live here; which words a text is
read as is decided in ``text.normalization``.
"""
