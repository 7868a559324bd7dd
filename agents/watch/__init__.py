"""The watching agents by the clock: one handler a schedule."""
