"""Sentences and utterances: where they end, how long they may be, which characters they cover.

How words are read is decided in ``text.normalization``, how they are pronounced in ``text.g2p``.
"""
