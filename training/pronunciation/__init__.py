"""Recipes of the English pronunciation data that ships in ``text/g2p``.

The larger lexicon is converted from misaki's dictionaries, the guesser is estimated on all known
words. Looking words up and guessing at run time live in ``text.g2p``.
"""
