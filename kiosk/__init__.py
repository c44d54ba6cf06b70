"""The heart and the face of the payment hall: what is true, what may be done, and how it looks.

Rooms, from the bottom: `errors` and `marks`; `domain` (pure) and `words` (sentences); `ports`,
`config` and `ledger`; `till`; `screens`; `front`, the only room that sees every other. The import
directions are contracts in pyproject.toml; docs/architecture.md has the picture.
"""
