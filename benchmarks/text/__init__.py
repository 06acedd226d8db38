"""How well texts are read: normalization by class, homographs, unknown words, speed.

The cases and labels lie beside the scripts; what is measured is ``text`` alone.
"""
