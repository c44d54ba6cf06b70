"""How a fact looks on paper: small documents, their text, their printer bytes, and the press.

Owns the slips (`sale`, `fault`, `printer_test`, through `writer`, which is the port SlipWriter),
their layout (`text`), their ESC/POS bytes (`escpos`, in a child process behind `encoder`) and
`press`, the port Slips. May import kiosk.ports, kiosk.domain, kiosk.words, kiosk.errors and
kiosk.marks. Invariants: no line is wider than the paper, whatever a name holds; no "?" stands for a
character (E36); a slip never comes out for the next customer (E04); a sale never waits for paper.
"""
