"""The compiled kernel: one forward sweep over a lead fills its rows."""
