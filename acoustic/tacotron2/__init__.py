"""Tacotron 2: frame by frame, with attention; its dropout makes it depend on the seed."""
