"""The faces: one Textual app with three modes, and the linear face that says the same in lines.

Owns how a step looks and which key leads where; decides nothing about money. May import kiosk.till,
kiosk.domain, kiosk.words, kiosk.config, kiosk.ports, kiosk.errors and kiosk.marks, never the ledger
or a driver. Invariants: the screen loop touches no device and no disk, every verb runs in a worker
(`FaceApp.ask`); imports go one way, from a menu to what lies behind it, and the way back is passed
along (`face.py`, `faces.py`); a confirm key is dead while its work runs (E05); everything shown
comes from words.
"""
