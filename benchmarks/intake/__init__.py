"""Writers that post to a service which is killed again and again: every acknowledged interaction is there exactly once."""
