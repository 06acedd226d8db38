"""How many workers a load needs: arrivals, the queue and its batches, KEDA's rule, all simulated.

Nothing here runs a network or asks a service; what a worker can do comes in as figures, measured by
``cli.capacity`` or ``benchmarks.capacity``.
"""
