"""gangly: an assistant for sales reps that lives in the terminal."""

__version__ = "0.1.0"
