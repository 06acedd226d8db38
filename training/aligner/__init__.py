"""The aligner: durations of the symbols of recorded speech. No voice speaks with it."""
