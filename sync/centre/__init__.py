"""The upstream server: takes bundles in, acknowledges what is durable, keeps all books.

Owns intake (the rules, pure), the stores (SQLite and PostgreSQL behind one protocol), reception
(group commit and signing), enrolment, the bookkeeper and its own command line. May import
`sync.wire`, `sync.roads.file`, `kiosk.ledger.sealing`, `kiosk.ledger.store`, `kiosk.domain` and
`kiosk.errors`.

Invariants, each with its test in tests/sync: nothing is acknowledged before its commit; an entry
is stored once; a refused bundle leaves no entry behind; what the books cannot apply is stored,
acknowledged and on the shelf, and blocks nothing.
"""
