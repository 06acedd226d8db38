"""FastSpeech 2: all frames in one pass, with durations, pitch and energy under control."""
