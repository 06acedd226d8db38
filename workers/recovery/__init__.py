"""What workers do beside their tasks: heartbeats, lost work sent again, old jobs and audio deleted.

Nothing here runs on its own: ``app`` hands the duties to the janitor's thread.
"""
