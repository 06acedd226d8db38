"""A Conformer-like encoder with relative positions under CTC."""
