"""What a process says of itself: logs, traces, metrics that several processes share, memory.

Here are the labels and buckets that all metrics have in common, and how a scrape is put together.
What one process alone measures stays with it: ``api.metrics``, ``workers.metrics``.
"""
