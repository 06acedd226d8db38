"""The three tasks: plan, synthesize, assemble; each a function of the context and a job's id.

They know leases and results of jobs, and nothing of messages: ``app`` makes Celery tasks of them.
"""
