"""Lines that leads cross: judged beside each answer, told to a receiver, followed up; and who is to be scored again."""
