"""What the service does with the history store: answers from it, what it takes in, and what follows from that."""
