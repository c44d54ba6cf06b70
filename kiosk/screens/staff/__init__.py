"""What the faces of the staff share: forms, tables, pages, sign-in; one sale and what is done about
it, sales in doubt, tokens, cards, operators.

May import what kiosk.screens may. Invariants: everything can be done with the number pad and the
arrows (names are letters, and every customer has a number too); every act that cannot be taken back
is restated on a screen of its own first; the status bar is on every screen.
"""
