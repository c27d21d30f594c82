"""Whether scores hold up: answers given against what became of the leads, drift, and what cannot be known yet."""
