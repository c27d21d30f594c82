"""What the history store costs."""
