"""STS600-8-6: tokens from a security module on a serial line, and a simulated module.

Owns the frames and fields of the line, the meaning of its status codes, the driver, its memory of
answers and the simulator. May import what `drivers.vending` may. Invariants: one exchange at a
time; after anything irregular the line is brought into step before the next request, so that an
answer is never taken for another request's; a token is kept on disk before it is given out.
"""
