"""Jobs on Redis: a part per role, given a client, put together by ``store``; and a server of ours.

Every key is in ``keys``, every script in ``lua``. ``jobs.celery_queue`` sends the messages.
"""
