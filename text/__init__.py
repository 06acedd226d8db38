"""Text in, utterances out: normalization, SSML, sentences, pronunciation, books.

What an acoustic model reads is made here. No network, no runtime, no queue and no HTTP: the API
process loads this room too.
"""
