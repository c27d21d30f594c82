"""Mixed load on a running service for minutes: good, greedy, bad, slow and cut-off clients at once."""
