"""Tables of English that the verbalization rules look up: names, signs, quantities.

Data only; the rules that use it are in ``text.normalization``.
"""
