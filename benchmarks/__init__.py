"""Benchmarks: quality, speed and load as commands that print figures. Nothing here is a test."""
