"""What a bill validator says, in the words of the trade."""

from __future__ import annotations

import pytest

from drivers.cash.cctalk_events import (
    Bill,
    Poll,
    Scaling,
    bill_amount_minor,
    count_new,
    counter_back,
    parse_bill,
    parse_poll,
    parse_scaling,
    unread,
)

AMOUNTS_MINOR = {1: 5000, 2: 10000, 3: 20000}


def poll(counter: int, *newest_first: tuple[int, int]) -> Poll:
    return Poll(counter, (newest_first + ((0, 0),) * 5)[:5])


@pytest.mark.parametrize(
    ("name", "factor", "places", "currency", "amount_minor"),
    [
        ("KE0050A", 100, 2, "KES", 5000),  # 50.00
        ("KE0001B", 10000, 2, "KES", 10000),  # 100.00
        ("UG1000A", 1, 0, "UGX", 1000),  # a currency without decimals
        ("GB0005A", 1, 0, "GBP", 500),  # the device counts pounds, the till pence
        ("IQ0250A", 1000, 3, "IQD", 250000),  # 250.000
        ("UG0005A", 100, 2, "UGX", 5),  # the device counts hundredths, the till does not
    ],
)
def test_a_note_is_worth_its_value_when_it_is_scaled(
    name: str, factor: int, places: int, currency: str, amount_minor: int
) -> None:
    bill = parse_bill(name.encode())
    assert bill is not None
    assert bill_amount_minor(bill, Scaling(factor, places), currency) == amount_minor


@pytest.mark.parametrize("name", [b".......", b"       ", b"KE00x0A", b"KE0000A", b"", b"\xff" * 7])
def test_a_place_is_empty_when_its_name_is_no_note(name: bytes) -> None:
    assert parse_bill(name) is None


def test_a_note_is_not_used_when_it_is_no_whole_minor_unit() -> None:
    assert bill_amount_minor(Bill("UG", 5, "A"), Scaling(1, 2), "UGX") is None


def test_a_note_is_not_used_when_its_scaling_is_absurd() -> None:
    assert bill_amount_minor(Bill("KE", 9999, "A"), Scaling(65535, 0), "KES") == 65528446500
    assert bill_amount_minor(Bill("KE", 1, "A"), Scaling(1, 255), "KES") is None


def test_there_is_no_scaling_when_the_device_does_not_know_the_country() -> None:
    assert parse_scaling(bytes(3)) is None
    assert parse_scaling(b"\x64\x00\x02") == Scaling(100, 2)


@pytest.mark.parametrize(
    ("last", "now", "new"),
    [(0, 1, 1), (0, 5, 5), (7, 7, 0), (7, 9, 2), (255, 1, 1), (254, 2, 3), (10, 9, 254)],
)
def test_new_events_are_counted_when_the_counter_wraps(last: int, now: int, new: int) -> None:
    assert count_new(last, now) == new
    if last:
        assert counter_back(now, new) == last


def test_a_published_answer_is_read_when_a_note_is_in_escrow() -> None:
    answer = bytes.fromhex("01 03 01 00 00 00 00 00 00 00 00")
    parsed = parse_poll(answer)
    assert parsed is not None
    [event] = unread(parsed, 0, AMOUNTS_MINOR)
    assert (event.kind, event.amount_minor, event.counter) == ("escrow", 20000, 1)


def test_events_come_oldest_first_when_several_are_new() -> None:
    told = unread(poll(1, (2, 0), (2, 1), (0, 4)), 253, AMOUNTS_MINOR)
    assert [(e.kind, e.amount_minor, e.counter) for e in told] == [
        ("rejected", 0, 254),
        ("escrow", 10000, 255),
        ("stacked", 10000, 1),
    ]


def test_lost_comes_first_when_more_happened_than_the_device_remembers() -> None:
    told = unread(poll(9, (1, 0), (1, 1), (0, 1), (1, 1), (0, 2)), 3, AMOUNTS_MINOR)
    assert [e.kind for e in told] == ["lost", "rejected", "escrow", "returned", "escrow", "stacked"]
    assert [e.counter for e in told] == [4, 5, 6, 7, 8, 9]


def test_events_are_lost_when_the_device_was_reset() -> None:
    [event] = unread(poll(0), 17, AMOUNTS_MINOR)
    assert (event.kind, event.counter) == ("lost", 0)
    assert unread(poll(0), 0, AMOUNTS_MINOR) == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [(0, "rejected"), (1, "returned"), (2, "rejected"), (4, "rejected"), (6, "jam"), (7, "jam"),
     (8, "fraud"), (9, "fraud"), (11, "removed"), (12, "back"), (13, "jam"), (14, "full"),
     (15, "jam"), (16, "jam"), (17, "fraud"), (18, "fraud"), (21, "lost"), (99, "lost")],
)  # fmt: skip
def test_a_condition_has_its_kind_when_the_device_tells_it(code: int, kind: str) -> None:
    [event] = unread(poll(1, (0, code)), 0, AMOUNTS_MINOR)
    assert (event.kind, event.amount_minor) == (kind, 0)
    assert event.reason


@pytest.mark.parametrize("pair", [(9, 0), (9, 1), (1, 2), (255, 255)])
def test_nothing_is_money_when_the_event_is_not_understood(pair: tuple[int, int]) -> None:
    [event] = unread(poll(1, pair), 0, AMOUNTS_MINOR)
    assert (event.kind, event.amount_minor) == ("lost", 0)
