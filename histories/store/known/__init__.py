"""What was known at a watermark: single leads, all of them, and whose rows are whose."""
