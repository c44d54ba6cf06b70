"""STS: the pure codec of IEC 62055-41, from a transaction to 20 digits and back.

Owns checksums, amounts, identifiers, key derivation, both ciphers, token blocks, key change sets
and the checker of vector files. May import `kiosk.domain` and `kiosk.errors`. Invariants: no clock,
no random number, no float; what no published value pins is refused with a sentence and not guessed.
"""
