"""HTTP alone: the application, its routes, what it accepts, and how it says no.

Nothing is synthesized here and no network is loaded: a request becomes a job record and a message.
What is kept of jobs lives in ``jobs``; what reads a text lives in ``text``.
"""
