"""Feature rows that a service has logged, computed again."""
