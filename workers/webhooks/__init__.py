"""Sends webhooks: a thread of the planner takes deliveries that are due and posts them.

What is to be sent, and when, lies in Redis (``jobs.webhooks``); no Celery message names it.
"""
