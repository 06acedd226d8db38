"""What the studio's pages cost a browser, and the pictures of them that the documentation shows.

``browser`` finds Chromium and opens pages, ``pictures`` walks flows; neither asserts anything.
"""
