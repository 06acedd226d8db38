"""Vocoders: mels to samples, one folder per network; windows, halos and weight norm for all.

Its spec.py is all that other rooms need of a network (docs/adding-a-vocoder.md). No training, no
files: those live in ``training`` and ``exports``.
"""
