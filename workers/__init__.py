"""Celery processes: planners (text to parts, parts to files) and synthesizers (parts to samples).

Celery itself is imported in ``app``, ``tasks`` and ``celery_runtime`` alone. What synthesizes lives
in ``synthesis``; the truth about jobs, and Redis, in ``jobs``.
"""
