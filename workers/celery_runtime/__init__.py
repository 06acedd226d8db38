"""What works around Celery and kombu, in one place: pool, order of the queues, redelivery.

Everything else of the workers would stay if the queue were another one.
"""
