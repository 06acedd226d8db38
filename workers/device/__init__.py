"""The device of a synthesizer: threads that collect parts of any jobs and synthesize them together.

The watchdog that notices when one hangs lives here, too; the engine itself is ``synthesis.engine``.
"""
