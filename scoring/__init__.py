"""Floor 3: features and history in, both scores and their reasons out."""
