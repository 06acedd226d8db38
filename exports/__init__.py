"""Networks to files and back: the registry of networks, components, artifacts, runtimes, voices.

What a network is lives in its folder below ``acoustic`` or ``vocoders``; how it learns in
``training``.
"""
