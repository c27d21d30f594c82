"""A team's own features: declared in a recipe, computed by a small program."""
