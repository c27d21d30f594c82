"""LightGBM's trees, read from a booster's text, and their exact TreeSHAP values."""
