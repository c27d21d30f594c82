"""The catalogue as documentation."""
