"""Steps from one shape of the store to the next, each with its way back."""
