"""Recognizers: log-mels back to phonemes and characters, and the check of speech against its text.

One folder per network; its spec.py is all that other rooms need of it. No training, no files, no
queue: those live in ``training``, ``exports`` and ``workers``.
"""
