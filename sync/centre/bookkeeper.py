"""The bookkeeper folds the entries of every origin into books: counts, sums and balances.

It follows intake and never stands in its way: it works in pages and rests while bundles come in.
The fold is the one of the terminals (kiosk.domain.books). What it cannot apply goes to the review
shelf with the reason, and later entries pass (E27).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from kiosk.domain import (
    account_facts,
    bill_facts,
    card_account_facts,
    card_facts,
    correction_facts,
    debt_facts,
    facts,
    registry_facts,
    token_facts,
)
from kiosk.domain.books import Books
from kiosk.domain.entry import Entry
from kiosk.domain.free_units import FreeToken
from kiosk.domain.tariff import Line
from kiosk.errors import KioskError, Refusal
from sync.centre import registry
from sync.centre.holdings import Holdings, Page, Totals
from sync.wire import Refused

#: Entries folded between two looks at the line: some 10 ms of work.
PAGE = 500

#: Without a nudge (another process took bundles in), look this often.
POLL_S = 1.0

#: How long the bookkeeper lets busy intake go first, and in which steps it looks again.
_REST_LONGEST_S, _REST_STEP_S = 1.0, 0.05

#: No single posting of a payment hall comes near it, and sums of millions stay within 64 bits.
LARGEST_POSTING = 10**13
_LONGEST_NAME = 200

#: Facts whose figures all go into postings.
ACCOUNT_FACTS = (
    *account_facts.FACTS, *debt_facts.FACTS, *bill_facts.FACTS, *correction_facts.FACTS,
)  # fmt: skip

_ENTRIES = msgspec.msgpack.Decoder(Entry)


class OpenState(msgspec.Struct, frozen=True, array_like=True):
    """What a further fact of an origin may refer to: kept, so that a start folds nothing again."""

    sales: list[tuple[facts.SaleCommitted, str]] = []
    notes: list[tuple[facts.NoteOffered, bool]] = []
    held: dict[str, tuple[str, str, int]] = {}
    #: sale -> the free tokens beside its paid one
    free: dict[str, list[FreeToken]] = {}
    moves: list[tuple[card_account_facts.AccountMoveCommitted, str]] = []


_OPEN_STATES = msgspec.msgpack.Decoder(OpenState)


class OriginBooks:
    """The books of one origin in memory, up to entry `sequence`."""

    def __init__(self, origin: str, sequence: int, open_content: bytes) -> None:
        self.origin, self.sequence = origin, sequence
        self._books = Books()
        state = _OPEN_STATES.decode(open_content) if open_content else OpenState()
        for committed, stands in state.sales:
            free = state.free.get(committed.sale_id, [])
            self._books.reopen_sale(facts.with_free(committed, free), stands)
        for offered, lost in state.notes:
            self._books.reopen_note(offered, lost=lost)
        self._books.held.update(state.held)
        for move, stands in state.moves:
            self._books.reopen_move(move, stands)

    def fold(self, contents: Sequence[bytes]) -> Page:
        """Apply the next entries; what they add."""
        page = Page(self.origin, self.sequence, self.sequence + len(contents))
        for content in contents:
            self.sequence += 1
            entry = _ENTRIES.decode(content)
            assert entry.sequence == self.sequence
            refused = self._apply(entry, page, content)
            if refused is not None:
                reason = " ".join(f"{key}={value}" for key, value in refused.details.items())
                page.shelved.append((entry.sequence, refused.code, _storable(reason)))
        sales = self._books.sales.values()
        page.open_sales = len(sales)
        page.in_doubt = sum(sale.state == "in_doubt" for sale in sales)
        page.open_content = msgspec.msgpack.encode(self._open_state())
        return page

    def _apply(self, entry: Entry, page: Page, content: bytes) -> Refusal | None:
        fact = _fact(entry)
        if isinstance(fact, Refusal):
            return fact
        refused = _out_of_range(fact)
        if refused is not None:
            return refused
        committed = self._committed(fact)
        try:
            postings = self._books.apply(fact)
        except AssertionError:
            return Refusal("books_do_not_balance", {})
        if isinstance(postings, Refusal):
            return postings
        for posting in postings:
            key = (posting.account, posting.currency)
            page.balances[key] = page.balances.get(key, 0) + posting.amount
        if committed is not None:
            _count(page, fact, committed)
        elif registry.concerns(fact):
            page.registry.append((entry.sequence, content))
        return None

    def _committed(self, fact: facts.Fact) -> facts.SaleCommitted | None:
        """The sale that `fact` begins or ends."""
        if isinstance(fact, facts.SaleCommitted):
            return fact
        if isinstance(fact, (facts.SaleDelivered, facts.SaleVoided)):
            sale = self._books.sales.get(fact.sale_id)
            return sale.committed if sale is not None else None
        return None

    def _open_state(self) -> OpenState:
        books = self._books
        notes = [(note, False) for note in books.notes.values()]
        return OpenState(
            [(sale.committed, sale.state) for sale in books.sales.values()],
            notes + [(note, True) for note in books.lost_notes.values()],
            books.held,
            {
                name: sale.committed.free_tokens()
                for name, sale in books.sales.items()
                if sale.committed.free_tokens()
            },
            [(move.committed, move.state) for move in books.moves.values()],
        )


class Bookkeeper:
    """Keeps the books of all origins up to what was taken in."""

    def __init__(
        self, holdings: Holdings, busy: Callable[[], bool], now_ms: Callable[[], int]
    ) -> None:
        self._holdings, self._busy, self._now_ms = holdings, busy, now_ms
        self._memory: dict[str, OriginBooks] = {}
        self._woken = asyncio.Event()

    def nudge(self) -> None:
        """Something was taken in."""
        self._woken.set()

    async def follow(self) -> None:
        """Keep up, for ever; one task of the server. A database that is away is tried again."""
        while True:
            try:
                await self.catch_up()
                await asyncio.wait_for(self._woken.wait(), POLL_S)
            except TimeoutError:
                pass
            except KioskError:
                await asyncio.sleep(POLL_S)
            self._woken.clear()

    async def catch_up(self) -> None:
        """Fold everything that is not in the books; the trouble of one origin stays its own."""
        for origin in await self._holdings.behind():
            try:
                while await self._turn_page(origin):
                    await self._rest()
            except Exception as error:  # an alarm, or nobody would hear of it
                sentence = f"The books of {origin} stand still ({error!r})."
                alarm = Refused("books_stand_still", sentence)
                await self._holdings.alarm(origin, alarm, self._now_ms())

    async def _turn_page(self, origin: str) -> bool:
        # Out of the memory while it is being changed: it comes back when the change is durable.
        books = self._memory.pop(origin, None) or await self._load(origin)
        contents = await self._holdings.entries(origin, books.sequence, PAGE)
        posted = not contents or await self._holdings.post(books.fold(contents))
        if posted:
            self._memory[origin] = books
        return bool(contents)

    async def _load(self, origin: str) -> OriginBooks:
        book = await self._holdings.book(origin)
        return OriginBooks(origin, book.sequence, book.open_content)

    async def _rest(self) -> None:
        """Let intake go first, but not for ever."""
        for _ in range(round(_REST_LONGEST_S / _REST_STEP_S)):
            await asyncio.sleep(_REST_STEP_S if self._busy() else 0)
            if not self._busy():
                return


def _fact(entry: Entry) -> facts.Fact | Refusal:
    try:
        return facts.decode(entry.kind, entry.version, entry.body)
    except KeyError:
        return Refusal("unknown_kind", {"kind": entry.kind[:40], "version": entry.version})
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        return Refusal("unreadable_body", {"reason": str(error)[:_LONGEST_NAME]})


def _count(page: Page, fact: facts.Fact, committed: facts.SaleCommitted) -> None:
    totals = page.totals.setdefault(committed.currency, Totals())
    if isinstance(fact, facts.SaleCommitted):
        totals.sales += 1
        totals.sold_minor += committed.amount_minor
    elif isinstance(fact, facts.SaleDelivered):
        totals.delivered += 1
        totals.delivered_minor += committed.amount_minor
        totals.delivered_wh += committed.energy_wh
    else:
        totals.voided += 1
        totals.voided_minor += committed.amount_minor


def _out_of_range(fact: facts.Fact) -> Refusal | None:
    """What no database column would hold: looked at before the books are touched."""
    amounts: list[int] = []
    names: list[str] = []
    if isinstance(fact, facts.SaleCommitted):
        amounts = [fact.amount_minor, fact.energy_wh]
        names = [fact.currency, fact.meter]
        amounts += [line.amount_minor for line in fact.lines]
        names += [line.account for line in fact.lines]
        names += [tender.account for tender in fact.tenders]
        amounts += [free.energy_wh for free in fact.free_tokens()]
    elif isinstance(fact, facts.SaleVoided):
        names = [fact.returned_to]
    elif isinstance(fact, facts.NoteOffered):
        amounts, names = [fact.amount_minor], [fact.currency, fact.meter, fact.device]
    elif isinstance(fact, token_facts.TokenIssued):
        amounts, names = [fact.energy_wh], [fact.meter]
    elif isinstance(fact, ACCOUNT_FACTS):
        amounts, names = _figures_of(fact)
    elif isinstance(fact, card_facts.CardWorkCommitted | card_facts.CardWorkDone):
        amounts = [fact.amount_minor, fact.energy_wh]
        names = [fact.currency, fact.meter, fact.returned_to]
        amounts += [line.amount_minor for line in fact.lines]
        names += [line.account for line in fact.lines]
        if isinstance(fact, card_facts.CardWorkCommitted):
            names += [tender.account for tender in fact.tenders]
    elif isinstance(fact, card_facts.CardWorkUndone):
        amounts, names = [fact.amount_minor], [fact.currency, fact.returned_to]
    elif isinstance(fact, registry_facts.MeterReplaced | registry_facts.MeterCancelled):
        names = [fact.meter, fact.account, getattr(fact, "currency", ""),
                 getattr(fact, "new_meter", "")]  # fmt: skip
        amounts = [fact.remaining_wh, getattr(fact, "worth_minor", 0),
                   getattr(fact, "kept_minor", 0), getattr(fact, "rounded_wh", 0)]  # fmt: skip
    elif isinstance(fact, facts.CatalogueReceived):
        amounts = list(fact.opening_debts.values())
        names = [fact.currency, *fact.opening_debts]
    if any(abs(amount) > LARGEST_POSTING for amount in amounts):
        return Refusal("amount_out_of_range", {"limit": LARGEST_POSTING})
    if any(len(name) > _LONGEST_NAME or name != _storable(name) for name in names):
        return Refusal("name_out_of_range", {"limit": _LONGEST_NAME})
    return None


def _figures_of(fact: facts.Fact) -> tuple[list[int], list[str]]:
    """Every amount and every name of a fact about customers' money; its lines and maps too."""
    amounts: list[int] = []
    names: list[str] = []
    waiting: list[object] = list(msgspec.structs.astuple(fact))
    while waiting:
        value = waiting.pop()
        if isinstance(value, int):
            amounts.append(value)
        elif isinstance(value, str):
            names.append(value)
        elif isinstance(value, Line):
            waiting += [value.amount_minor, value.energy_wh, value.account]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
    return amounts, names


def _storable(text: str) -> str:
    """PostgreSQL keeps every character but this one."""
    return text.replace("\0", "")
