"""Containers written by hand: what libsndfile leaves out of them.

ID3 of MP3 files, comments of FLAC and Ogg, MP4 with its index, tags and chapter marks live here.
Codecs do not: the bytes of compressed frames come in and go out unchanged.
"""
