"""What is told of leads: taken in once, under one counter, for good; what is refused; who was forgotten."""
