"""What several faces show: digits that can be read from afar, numbered rows, bars, quotes, hands.

May import what kiosk.screens may. Invariant: no widget here takes the focus or a key; the screen
passes keys on, so the same key does the same thing everywhere.
"""
