"""The technician's face: devices, ledger check and rescue, tokens and keys, the card room.

One file a screen; may import what kiosk.screens may. Invariants: nothing can be sold here; a banner
says so and names who is signed in; every act is a fact.
"""
