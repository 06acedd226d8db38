"""Normalization: written text to the words that are read and the punctuation between them.

Unicode folding, the verbalization rules and their English tables live here; markup is in
``text.ssml``, pronunciation in ``text.g2p``.
"""
