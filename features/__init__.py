"""Floor 2: histories in, one row of numbers a snapshot out. One catalogue, one kernel, two drivers."""
