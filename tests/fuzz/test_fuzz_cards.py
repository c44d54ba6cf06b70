"""The card fuzzer: a short round with every test run; more with test_fuzz_all.py."""

from __future__ import annotations

import secrets

from tests.fuzz.fuzz_cards import run

EXPECTED = {"state", "card_damaged", "card_foreign", "card_not_finished", "CardUnusable"}


def test_every_family_answers_with_a_refusal_or_a_state_when_cards_are_nonsense() -> None:
    seen = run(3_000, secrets.randbits(32))
    assert set(seen) >= EXPECTED - {"card_foreign"}
