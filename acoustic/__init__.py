"""Acoustic models: phonemes to mels, one folder per network, and the masks that they share.

Its spec.py is all that other rooms need of a network. No training, no files, no text: those live in
``training``, ``exports`` and ``text``.
"""
