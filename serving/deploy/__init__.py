"""From the registry's champion to the running service: packed, built, tried, compared, changed over."""
