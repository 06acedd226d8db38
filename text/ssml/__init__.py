"""SSML: a subset of W3C SSML 1.1 parsed to characters, scopes, events and overrides.

The parser, the values of attributes and their limits live here; the text inside is read by
``text.normalization``.
"""
