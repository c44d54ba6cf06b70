"""The chain of a card's account: gapless, in any order of arrival; clones and replays are found."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.card_account_chain import UNUSED, Link, fold
from kiosk.domain.cards import account_area
from kiosk.domain.cards.account_area import AccountState
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import Refusal
from tests.builders import CARD_SERIAL, account_card

ORIGINS = ("hall-1", "hall-2")


class Terminal:
    """A terminal that is cut off: what it intended, and what it knows to have happened."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.made = 0
        self.links: list[Link] = []
        self.open: tuple[CardImage, list[PlainWrite], Link] | None = None

    def move(self, image: CardImage, kind: str, amount: int, pulled_after: int) -> CardImage:
        """A movement on the card, which is pulled after so many of its writes (4: not pulled)."""
        self.settle(image)
        state = account_area.account_state(image)
        if self.open is not None or isinstance(state, Refusal):
            return image
        self.made += 1
        move_id = f"{self.origin}-{self.made}"
        verb = account_area.top_up if kind == "top_up" else account_area.spend
        planned = verb(state, amount, "ZAR", move_id, self.origin)
        if isinstance(planned, Refusal):
            return image
        writes, after = planned
        link = Link(
            state.serial, after.sequence, self.origin, move_id, kind, "ZAR", amount,
            after.balance_minor, state.mark, after.mark,
        )  # fmt: skip
        self.open = (image, writes, link)
        for write in writes[:pulled_after]:
            image = image.with_write(write)
        if pulled_after == len(writes):
            self.settle(image)
        return image

    def settle(self, image: CardImage) -> None:
        """Ask the card what became of the open movement; a torn one is given up by nobody."""
        if self.open is None:
            return
        before, writes, link = self.open
        told = account_area.witness(before, image, writes)
        if told == "delivered":
            self.links.append(link)
        if told in ("delivered", "superseded"):
            self.open = None


steps = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from(["top_up", "spend", "spend", "look"]),
        st.integers(1, 50), st.sampled_from([0, 1, 2, 3, 4, 4, 4]),
    ),
    max_size=40,
)  # fmt: skip


def walk(
    image: CardImage, halls: list[Terminal], script: list[tuple[int, str, int, int]]
) -> CardImage:
    for who, what, amount, pulled_after in script:
        if what == "look":
            halls[who].settle(image)
        else:
            image = halls[who].move(image, what, amount, pulled_after)
    return image


def balance(image: CardImage) -> int:
    state = account_area.account_state(image)
    assert isinstance(state, AccountState)
    return state.balance_minor


@given(steps, st.randoms(use_true_random=False))
def test_never_more_is_spent_than_was_put_on_when_two_halls_are_cut_off(
    script: list[tuple[int, str, int, int]], order: random.Random
) -> None:
    halls = [Terminal(origin) for origin in ORIGINS]
    image = walk(account_card(), halls, script)
    for hall in halls:
        hall.settle(image)
    links = halls[0].links + halls[1].links
    links += links[: len(links) // 2]  # some of it arrives twice
    order.shuffle(links)
    chain = fold(links).get(CARD_SERIAL)
    if chain is None:
        assert balance(image) == 0 or any(hall.open for hall in halls)
        return
    assert not chain.doubles and not chain.broken
    unknown = [hall for hall in halls if hall.open is not None]
    if not unknown:
        assert chain.missing == []
        assert chain.topped_up_minor - chain.spent_minor == balance(image)
    assert chain.overspent_minor == 0 or unknown


@given(steps, steps, steps)
def test_a_clone_is_found_when_both_chips_were_moved_after_it_was_made(
    before: list[tuple[int, str, int, int]],
    own: list[tuple[int, str, int, int]],
    copy: list[tuple[int, str, int, int]],
) -> None:
    """Each chip on its own never gives more than was put on it; together they are found."""
    halls = [Terminal(origin) for origin in ORIGINS]
    whole = [(who, what, amount, 4) for who, what, amount, _ in before]
    image = walk(account_card(), halls, whole)
    shared = {link.number for hall in halls for link in hall.links}
    walk(image, [halls[0]] * 2, [(w, k, a, 4) for w, k, a, _ in own])
    walk(image, [halls[1]] * 2, [(w, k, a, 4) for w, k, a, _ in copy])
    links = {link for hall in halls for link in hall.links if link.number not in shared}
    origins = {link.origin for link in links}
    chain = fold(link for hall in halls for link in hall.links).get(CARD_SERIAL)
    if chain is None:
        return
    assert bool(chain.doubles) == (len(origins) == 2)
    if chain.overspent_minor:
        assert chain.doubles


def link(number: int, origin: str, amount: int, was: Link | None = None, kind: str = "") -> Link:
    kind = kind or ("top_up" if number == 1 else "spend")
    mark = account_area.mark_of(f"{origin}-{number}-{amount}", origin)
    held = (was.balance_minor if was else 0) + (amount if kind == "top_up" else -amount)
    previous = was.mark if was else UNUSED
    return Link(CARD_SERIAL, number, origin, f"{origin}-{number}", kind, "ZAR", amount, held,
                previous, mark)  # fmt: skip


ONE = link(1, "hall-1", 100)
TWO = link(2, "hall-2", 30, ONE)
THREE = link(3, "hall-1", 50, TWO)


@pytest.mark.parametrize(
    ("links", "missing", "doubles", "broken", "overspent"),
    [
        ([ONE, TWO, THREE], [], [], 0, 0),
        ([THREE, ONE], [2], [], 0, 0),
        ([THREE], [1, 2], [], 0, 50),
        ([ONE, TWO, link(2, "hall-3", 90, ONE), THREE], [], [2], 0, 70),
        ([ONE, TWO, link(3, "hall-3", 20, ONE)], [], [], 1, 0),
        ([link(1, "hall-1", 100), link(1, "hall-1", 70)], [], [1], 0, 0),
    ],
)
def test_the_chain_says_what_is_wrong_when_it_is_put_together(
    links: list[Link], missing: list[int], doubles: list[int], broken: int, overspent: int
) -> None:
    for arrived in (links, links[::-1], links + links):
        chain = fold(arrived)[CARD_SERIAL]
        assert chain.missing == missing
        assert list(chain.doubles) == doubles
        assert (len(chain.broken), chain.overspent_minor) == (broken, overspent)
        assert chain.is_whole == (not missing and not doubles and not broken)
