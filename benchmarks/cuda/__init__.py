"""Speed of every pair of networks on a GPU, by runtime, precision and width of the batch."""
