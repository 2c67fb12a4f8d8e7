"""Strings that try to be more than text, through every screen and every importer."""
