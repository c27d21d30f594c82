"""What training reaches: against the truth of simulated leads, against rules and a plain model, and its intervals."""
