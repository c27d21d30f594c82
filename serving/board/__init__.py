"""Scores of many leads as lists and files."""
