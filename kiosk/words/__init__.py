"""What the payment hall says: one TOML file a language, used by screens and paper alike.

Owns the sentences (en.toml and its complete twins) and how figures and strange text look inside
them. May import kiosk.errors only; how money and energy are written is passed in as `Formats`.
Invariants: every language has the same keys and placeholders; every refusal code of the program has
its sentence (tests/words); nothing that comes out holds a control character.
"""
