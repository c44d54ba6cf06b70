"""Prism: tokens from a TokenApi service (PrismToken, Thrift over TLS), and a simulated service.

Owns the Thrift codec, the calls of the service, the pinned connection, the driver and the
simulator. May import what `drivers.vending` may. Invariants: nothing is sent before the
certificate is the pinned one; a token is issued under the message id of its sale and no other; the
result is fetched before any issue, so nothing is issued twice; the password is in no `repr`.
"""
