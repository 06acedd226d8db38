"""The studio: the pages that a browser sees, rendered on the server.

What a page does goes through the API's own routes with the same keys, limits and problem documents;
nothing can be done here that a client cannot do. Scripts and styles lie in ``assets``, unbuilt.
"""
