"""Note acceptors: the port CashIn over a serial line.

Owns ccTalk frames and conversations, and the simulated bill validator at the other end of the
wire. May import kiosk.ports, kiosk.domain, kiosk.errors, kiosk.marks. Invariants: only a `stacked`
event of the device is money; no event is reported twice, and none is skipped without a `lost`.
"""
