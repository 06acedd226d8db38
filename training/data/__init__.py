"""Corpora: sources, the prepared form, features, batches."""
