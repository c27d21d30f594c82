"""The HTTP surface: who may call, what a request must be, every path, and what is logged and counted."""
