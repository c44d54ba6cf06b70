"""The card fuzzer: a short round with every test run; more with test_fuzz_all.py."""

from __future__ import annotations

import secrets

from tests.fuzz import fuzz_codes
from tests.fuzz.fuzz_cards import run

EXPECTED = {"state", "card_damaged", "card_foreign", "card_not_finished", "CardUnusable"}


def test_every_family_answers_with_a_refusal_or_a_state_when_cards_are_nonsense() -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    seen = run(3_000, seed)
    assert set(seen) >= EXPECTED - {"card_foreign"}


def test_a_card_keeps_its_tries_when_its_code_is_anything() -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    seen = fuzz_codes.run(2_000, seed)
    assert "3 tries, 1 presented, 2 left" in seen, "a stranger's code costs one try"
    assert "3 tries, 2 presented, 3 left" in seen, "our own half-made card is opened"
    assert "0 tries, 0 presented, 0 left" in seen
