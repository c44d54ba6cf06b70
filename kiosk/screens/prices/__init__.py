"""Prices on screen: what is in force, and the editor with its worked example.

May import what kiosk.screens may. Invariant: the clerk's file is the only model; every change is
kept at once, and nothing comes into force without a second person.
"""
