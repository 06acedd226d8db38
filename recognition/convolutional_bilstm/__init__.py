"""Convolutions and a bidirectional LSTM under CTC: the recognizer that ships."""
