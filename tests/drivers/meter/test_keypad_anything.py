"""Whatever is typed, a keypad meter answers, and credits an identifier once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.meter.keypad import enter_token
from tests.drivers.meter.token_sender import KEY_07, KEY_11, credit, factory_state, sent


@settings(max_examples=300, deadline=None, print_blob=True)
@given(
    typed=st.text(max_size=24) | st.from_regex(r"\A[0-9]{20}\Z"),
    key=st.sampled_from([KEY_07, KEY_11]),
)
def test_meter_answers_when_anything_is_typed(typed: str, key: str) -> None:
    outcome = enter_token(factory_state(key), typed)
    assert outcome.state.energy_left_wh == outcome.energy_wh_added


@settings(max_examples=300, deadline=None, print_blob=True)
@given(
    tokens=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 15), st.integers(0, 2**44 - 1)), max_size=8
    )
)
def test_meter_answers_when_any_payload_passes_the_check_sum(
    tokens: list[tuple[int, int, int]],
) -> None:
    state = factory_state()
    for token_class, subclass, payload in tokens:
        key = state.decoder_key.hex()
        outcome = enter_token(state, sent(token_class, subclass, payload, key))
        credited_wh = outcome.state.energy_credited_wh - state.energy_credited_wh
        assert credited_wh == outcome.energy_wh_added
        assert outcome.energy_wh_added == 0 or (token_class, subclass) == (0, 0)
        state = outcome.state


@given(identifiers=st.lists(st.integers(0, 90), max_size=120))
@settings(max_examples=50, deadline=None, print_blob=True)
def test_no_identifier_is_credited_twice_when_they_come_in_any_order(
    identifiers: list[int],
) -> None:
    state, accepted = factory_state(), []
    for identifier in identifiers:
        outcome = enter_token(state, credit(identifier))
        state = outcome.state
        if outcome.result == "accepted":
            accepted.append(identifier)
    assert len(accepted) == len(set(accepted))
    assert state.identifiers == sorted(accepted)[-50:]
