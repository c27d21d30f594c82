"""Floor 3: what a lead is worth: two calibrated probabilities, the rulebook's points beside them, and the reasons for both."""
