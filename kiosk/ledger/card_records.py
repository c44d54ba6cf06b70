"""What can be read of cards: how each stands, works on them, cases, stock, readings."""

from __future__ import annotations

from typing import Any

from kiosk.domain import card_facts, facts
from kiosk.domain.card_record import (
    CardCase,
    CardStanding,
    CardStock,
    CardWorkRecord,
    ReadByCard,
)
from kiosk.domain.cards.work import Purchase
from kiosk.domain.entry import Entry, digest
from kiosk.domain.registry import Card
from kiosk.ledger.opening import work_in

_CARD = "number, serial, meter, issue, state, reason"
_CASE = "case_id, kind, serial, meter, station, opened_ms, outcome"

#: What a card of a meter carries, by the newest of what sales and works put on it.
_LAST_PURCHASE = """
SELECT number, energy_wh, amount_minor, currency, sale FROM (
  SELECT ended, purchase_number AS number, energy_wh, amount_minor, currency, sale_id AS sale
    FROM sales WHERE meter = ?1 AND card IS NOT NULL AND state = 'delivered'
  UNION ALL
  SELECT ended, purchase_number, energy_wh, amount_minor, currency, content_sale
    FROM card_works WHERE meter = ?1 AND state = 'done'
    AND operation IN ('make', 'reissue', 'cancel', 'repair')
) ORDER BY ended DESC LIMIT 1"""


#: What put a purchase number on a chip of a meter: a sale to it, or a work on it.
_PUT_ON_CARD = """
SELECT sale FROM (
  SELECT ended, sale_id AS sale FROM sales
    WHERE card = ?1 AND purchase_number = ?3 AND state = 'delivered'
  UNION ALL
  SELECT ended, content_sale FROM card_works
    WHERE meter = ?2 AND serial = ?1 AND purchase_number = ?3 AND state = 'done'
    AND operation <> 'tool'
) ORDER BY ended DESC LIMIT 1"""

#: Repairs that took a paid purchase off its card, unread, and after which nothing was done about
#: it.
_DROPS = """operation = 'repair' AND state = 'done' AND sale_id <> '' AND content_sale = ''
AND NOT EXISTS (SELECT 1 FROM card_works later WHERE later.sale_id = card_works.sale_id
  AND later.sequence > card_works.sequence AND later.state <> 'undone')
AND NOT EXISTS (SELECT 1 FROM undone_sales WHERE undone_sales.sale_id = card_works.sale_id)"""


class CardReads:
    """The reads of `Records` that are about cards; `Records` gives the connection."""

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def after(self, sequence: int, limit: int) -> list[Entry]:
        """Entries after `sequence`, oldest first."""
        raise NotImplementedError

    def accounts_found(self, text: str, limit: int) -> list[str]:
        """The accounts that `text` finds."""
        raise NotImplementedError

    def card(self, *, number: str = "", serial: str = "", meter: str = "") -> Card | None:
        """The card in use with this printed number, chip serial or meter; one that was stopped when
        there is no other."""
        found = self.cards_of(number=number, serial=serial, meter=meter)
        return found[0].card if found else None

    def cards_of(
        self, *, number: str = "", serial: str = "", meter: str = ""
    ) -> list[CardStanding]:
        """All cards with this printed number, chip serial or meter; those in use, then the newest,
        first."""
        column, value = next(
            (name, text)
            for name, text in (("number", number), ("serial", serial), ("meter", meter))
            if text
        )
        return self._cards(f"{column} = ?", value)

    def hot_list(self) -> list[CardStanding]:
        """Cards that nobody is sold to, newest first."""
        return self._cards("state IN ('hot', 'lost')")

    def cards_like(self, text: str, limit: int) -> list[CardStanding]:
        """Cards of the customers that `text` finds, or whose chip's serial begins with it; "" finds
        the first ones by number."""
        if not text:
            first = "number IN (SELECT number FROM cards ORDER BY number LIMIT ?)"
            return self._cards(first, limit, limit=limit)
        accounts = self.accounts_found(text, limit)
        marks = ", ".join("?" * len(accounts))
        return self._cards(
            f"meter IN (SELECT number FROM meters WHERE account IN ({marks}))"  # noqa: S608
            " OR serial IN (SELECT serial FROM cards WHERE serial >= ? AND serial < ?"
            " ORDER BY serial LIMIT ?)",
            *accounts, text, text + "\U0010ffff", limit, limit=limit,
        )  # fmt: skip

    def highest_card_number(self) -> str:
        """The highest card number that was ever given, or ""."""
        rows = self._all("SELECT max(number) FROM cards")
        return str(rows[0][0] or "")

    def _cards(self, condition: str, *values: Any, limit: int = 1000) -> list[CardStanding]:
        rows = self._all(
            f"SELECT {_CARD} FROM cards WHERE {condition}"  # noqa: S608
            f" ORDER BY state = 'active' DESC, issue DESC, changed DESC, number LIMIT {limit:d}",
            *values,
        )
        return [CardStanding(Card(*row[:4]), row[4], row[5]) for row in rows]

    def last_purchase(self, meter: str) -> Purchase:
        """What the newest card of a meter carries, as far as is known here."""
        rows = self._all(_LAST_PURCHASE, meter)
        return Purchase(*rows[0]) if rows else Purchase()

    def purchase_on_card(self, serial: str, meter: str, number: int) -> str:
        """The sale whose purchase stands under `number` on this chip, or ""; see sale_on_card."""
        rows = self._all(_PUT_ON_CARD, serial, meter, number)
        return str(rows[0][0]) if rows else ""

    def dropped(self, meter: str) -> list[CardWorkRecord]:
        """The repairs that took a paid, unread purchase of this meter off its card, newest first,
        as long as it was neither put on again nor moved."""
        return self._works(f"meter = ? AND {_DROPS} ORDER BY sequence DESC", meter)

    def is_off_its_card(self, sale_id: str) -> bool:
        """Whether a repair took the purchase of this sale off its card; see dropped."""
        return bool(self._all(f"SELECT 1 FROM card_works WHERE sale_id = ? AND {_DROPS}", sale_id))  # noqa: S608

    def repairs_of(self, sale_id: str) -> list[CardWorkRecord]:
        """The repairs that moved the purchase of a sale off its card or on it, oldest first."""
        return self._works(
            "sale_id = ? AND operation = 'repair' AND state = 'done' ORDER BY sequence", sale_id
        )

    # --- works ------------------------------------------------------------------------------------

    def card_work(self, work_id: str) -> CardWorkRecord | None:
        """The work with this id."""
        found = self._works("work_id = ?", work_id)
        return found[0] if found else None

    def open_card_works(self, meter: str = "") -> list[CardWorkRecord]:
        """Works whose outcome is not written, oldest first; of one meter, or of all."""
        if meter:
            return self._works(
                "state IN ('committed', 'in_doubt') AND meter = ? ORDER BY sequence", meter
            )
        return self._works("state IN ('committed', 'in_doubt') ORDER BY sequence")

    def has_open_card_work(self, meter: str) -> str:
        """The id of a work on a card of this meter that has not ended, or nothing."""
        rows = self._all(
            "SELECT work_id FROM card_works WHERE state IN ('committed', 'in_doubt')"
            " AND meter = ? LIMIT 1",
            meter,
        )
        return str(rows[0][0]) if rows else ""

    def card_works_of(self, meter: str, limit: int = 20) -> list[CardWorkRecord]:
        """The newest works on cards of a meter."""
        return self._works(f"meter = ? ORDER BY sequence DESC LIMIT {limit:d}", meter)

    def cancellation_of(self, sale_id: str) -> CardWorkRecord | None:
        """The work that took the purchase of a sale back, or is about to."""
        found = self._works("sale_id = ? AND operation = 'cancel' AND state <> 'undone'", sale_id)
        return found[0] if found else None

    def _works(self, condition: str, *values: Any) -> list[CardWorkRecord]:
        rows = self._all(
            f"SELECT sequence, state, ended, copies, work_id FROM card_works WHERE {condition}",  # noqa: S608
            *values,
        )
        return [self._work(*row) for row in rows]

    def _work(
        self, sequence: int, state: Any, ended: int | None, copies: int, work_id: str
    ) -> CardWorkRecord:
        entry = self.after(sequence - 1, 1)[0]
        committed = work_in(facts.decode(entry.kind, entry.version, entry.body), work_id)
        reason = returned_to = ""
        if ended is not None:
            last = self.after(ended - 1, 1)[0]
            end = facts.decode(last.kind, last.version, last.body)
            assert isinstance(end, card_facts.CardWorkDone | card_facts.CardWorkUndone)
            returned_to = end.returned_to
            reason = end.reason if isinstance(end, card_facts.CardWorkUndone) else ""
        return CardWorkRecord(
            committed, sequence, digest(entry).hex()[:8], entry.time_ms, entry.quality, state,
            reason, returned_to, copies,
        )  # fmt: skip

    # --- cases, stock, readings -------------------------------------------------------------------

    def card_cases(self, *, serial: str = "", every: bool = False) -> list[CardCase]:
        """Open cases, newest first: of one card or of all; with `every` the closed ones too."""
        conditions = [] if every else ["outcome = ''"]
        values = [serial] if serial else []
        conditions += ["serial = ?"] if serial else []
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._all(
            f"SELECT {_CASE} FROM card_cases{where} ORDER BY sequence DESC LIMIT 200",  # noqa: S608
            *values,
        )
        return [CardCase(*row) for row in rows]

    def card_case(self, case_id: str) -> CardCase | None:
        """The case with this id."""
        rows = self._all(f"SELECT {_CASE} FROM card_cases WHERE case_id = ?", case_id)  # noqa: S608
        return CardCase(*rows[0]) if rows else None

    def card_stock(self) -> list[CardStock]:
        """Blank cards by family."""
        return [CardStock(*row) for row in self._all("SELECT * FROM card_stock ORDER BY family")]

    def card_readings(self, meter: str, limit: int = 20) -> list[ReadByCard]:
        """The newest readings of a meter that came by card."""
        rows = self._all(
            "SELECT meter, serial, purchase_number, credited_wh, left_wh, left_minor,"
            " overdraft_minor, result, read_ms FROM card_readings WHERE meter = ?"
            " ORDER BY sequence DESC LIMIT ?",
            meter, limit,
        )  # fmt: skip
        return [ReadByCard(*row) for row in rows]
