"""Text and voice to sound: the engine, its batches and retries, parts and their audio, transcripts.

Needs no Celery, Redis, metrics or HTTP: ``rhapsode say`` runs on this room and those below alone.
What hands work to it (queues, leases, threads of the device) lives in ``workers``.
"""
