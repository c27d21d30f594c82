"""What is done about a person: a merge, an objection, a removal for good."""
