"""The counter: sign in, find a customer, sell; accounts, bills, and the registry of the hall.

One file a screen; may import what kiosk.screens may. Invariants: nothing is sold before a screen
of its own has restated it, and that screen's Enter is dead afterwards (E05); the name on a sale is
that of the operator who was signed in when it was paid (E19).
"""
