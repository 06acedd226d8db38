"""Jobs: their records, plans, results and leases, the queue of messages, and where audio is kept.

``protocols`` names the roles; ``redis_backend`` and ``storage`` fill them, ``celery_queue`` sends.
What is done with a job lives in ``workers``; nothing here knows a network or HTTP.
"""
