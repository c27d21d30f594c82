"""The command, one file a group of commands: reads the clock, calls the rooms, prints what they say."""
