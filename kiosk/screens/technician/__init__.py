"""The technician's face: devices, sales in doubt, ledger check, settings.

One file a screen; may import what kiosk.screens may. Invariants: nothing can be sold here; a banner
says so and names who is signed in; every act is a fact.
"""
