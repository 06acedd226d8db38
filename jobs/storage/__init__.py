"""Where audio is kept: a folder or an S3 bucket, the keys within, and the setting that chooses.

Which parts lie there, and until when, is known to the part index in ``jobs.redis_backend``.
"""
