"""The answers given, what makes them again, and the lists that were handed over."""
