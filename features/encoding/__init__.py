"""From histories to the arrays that the kernel reads."""
