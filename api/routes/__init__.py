"""The routes, one module per resource; each lists its handlers in ``ROUTES``.

Handlers translate between HTTP and the rooms below. What several of them share lives in ``api``.
"""
