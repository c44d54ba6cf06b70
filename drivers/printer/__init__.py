"""Receipt printers: the port Printer over the network, a device file or a folder.

Owns transports with a deadline for every byte, the reading of status bytes, and the simulated
ESC/POS printer at the other end of the wire. Bytes of a slip are made in receipts/. May import
kiosk.ports, kiosk.domain, kiosk.errors, kiosk.marks. Invariants: no answer is never `ok`; nothing
is sent to a printer that cannot print it now (E04).
"""
