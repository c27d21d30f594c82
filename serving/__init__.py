"""Floor 4: a bundle in, answers over HTTP out."""
