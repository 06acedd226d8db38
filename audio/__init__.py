"""Samples to files: mel extraction, joins, resampling, loudness, encoders, containers, tags,
delivery.

Nothing here knows a job, a voice or a network; text is met only as titles and names in tags.
"""
