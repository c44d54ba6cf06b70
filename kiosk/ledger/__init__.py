"""The only door to the local database: facts go in once, and nothing written is ever changed.

Owns the pen (who may write), the journal (append, after, head), sealing (chain and signatures), the
tables and their migrations, the store and its proof. May import `kiosk.domain`, `kiosk.marks` and
`kiosk.errors`.

Invariants, each with its test in tests/ledger: one writer a home; sequence without gaps; postings
of a fact sum to zero; entries and postings refuse UPDATE and DELETE; whatever is stored beside the
journal is what the journal draws.
"""
