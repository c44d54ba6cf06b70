"""Prices on screen: what is in force, and the editor with its worked example."""
