"""The conversations of the linear face: one file a face, and the console that they share.

Owns plain lines, nothing else; may import what kiosk.screens may, except Textual. Invariants: no
control code is ever written, money that was taken is never forgotten when the input ends.
"""
