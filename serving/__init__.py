"""A bundle and a rulebook behind HTTP. Takes a bundle's folder; knows nothing of how it was trained."""
