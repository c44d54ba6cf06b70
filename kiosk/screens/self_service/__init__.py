"""The customer's own face: one decision a screen, run by a numeric keypad alone.

May import what kiosk.screens may. Keys: digits, Enter, Clear (Backspace), Cancel (Esc), Help (? or
*). Invariants: a cancel before the first note costs nothing; money and card steps never end by
themselves while something moves; nothing personal is left when the first screen is back.
"""
