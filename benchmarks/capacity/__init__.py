"""The capacity model against real runs, and what an hour of audio costs Redis, API and storage."""
