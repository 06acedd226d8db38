"""An encoder of AAC-LC for speech: long blocks, one channel, whole batches of frames at a time.

Samples come in and frames without headers go out; `audio.containers.mp4` puts them into a file.
Decoding, other profiles and stereo tools do not live here.
"""
