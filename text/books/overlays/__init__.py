"""Books as EPUB 3 with Media Overlays: pages with a span per sentence, SMIL, package document.

Audio is made elsewhere; here it is a file with a name and a length.
"""
