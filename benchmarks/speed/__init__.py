"""How fast text becomes a WAV file, beside Piper in the same run."""
