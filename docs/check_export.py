"""Checks a file of `kiosk export --all FILE` from docs/protocol.md alone: nothing of ours in it.

    python check_export.py FILE

Needs `cryptography`. Exit 0 with totals, or 1 with the first entry that is wrong. Whether the end
was cut off shows only beside an acknowledgement: compare number and digest of the last entry.
"""

import hashlib
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LARGEST_BYTES = 16 * 1024 * 1024

#: Kinds whose second version is known here too.
SECOND = {("sale_committed", 2), ("sale_delivered", 2)}

#: msgpack: first byte -> kind of value, how many bytes of number follow, the number without any.
HEADS = {first: ("number", 0, first) for first in range(0x80)}
HEADS |= {first: ("number", 0, first - 256) for first in range(0xE0, 0x100)}
HEADS |= {0x80 | count: ("map", 0, count) for count in range(16)}
HEADS |= {0x90 | count: ("array", 0, count) for count in range(16)}
HEADS |= {0xA0 | count: ("text", 0, count) for count in range(32)}
HEADS |= {0xC0: ("None", 0, 0), 0xC2: ("False", 0, 0), 0xC3: ("True", 0, 0)}
for first, kind, sizes in (
    (0xC4, "bytes", (1, 2, 4)), (0xCC, "number", (1, 2, 4, 8)), (0xD0, "signed", (1, 2, 4, 8)),
    (0xD9, "text", (1, 2, 4)), (0xDC, "array", (2, 4)), (0xDE, "map", (2, 4)),
):  # fmt: skip
    HEADS |= {first + place: (kind, size, 0) for place, size in enumerate(sizes)}


class Bad(Exception):
    """What is wrong with the entry that is being looked at."""


#: All that damaged bytes can raise.
WRONG = (
    Bad, InvalidSignature, LookupError, TypeError, ValueError, RecursionError, struct.error,
    zlib.error,
)  # fmt: skip


def need(right: object, otherwise: str) -> None:
    """Bad, unless it is right."""
    if not right:
        raise Bad(otherwise)


def head(data: bytes, at: int) -> tuple[str, int, int]:
    """What begins at `at`, its number or count, and where its content begins."""
    kind, size, number = HEADS[data[at]]
    if size:
        number = int.from_bytes(data[at + 1 : at + 1 + size], "big", signed=kind == "signed")
    return kind, number, at + 1 + size


def read(data: bytes, at: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where the next one begins."""
    kind, number, at = head(data, at)
    if kind in ("number", "signed"):
        return number, at
    if kind in ("bytes", "text"):
        part, at = data[at : at + number], at + number
        return (part if kind == "bytes" else part.decode()), at
    values = []
    for _ in range({"array": number, "map": 2 * number}.get(kind, 0)):
        value, at = read(data, at)
        values.append(value)
    if kind == "map":
        return dict(zip(values[::2], values[1::2], strict=True)), at
    return (values if kind == "array" else {"None": None, "True": True, "False": False}[kind]), at


def entries(data: bytes) -> Iterator[tuple[list[Any], bytes, bytes]]:
    """Every entry of the file: its nine fields, its bytes, and the bytes that are signed."""
    end = 0
    while end < len(data):
        magic, length, checksum = struct.unpack_from(">4sII", data, end)
        packed, end = data[end + 12 : end + 12 + length], end + 12 + length
        sound = magic == b"PHB\x01" and end <= len(data) and zlib.crc32(packed) == checksum
        need(sound, "stands in a bundle that is damaged (magic, length or CRC-32)")
        content = zlib.decompressobj().decompress(packed, LARGEST_BYTES)
        need(content[0] == 0x92, "stands in a bundle that is not [origin, entries]")
        kind, count, at = head(content, read(content, 1)[1])
        for _ in range(count):
            need(kind == "array" and content[at] == 0x99, "has not nine fields")
            start, at, fields = at, at + 1, []
            for _ in range(9):
                cut = at
                value, at = read(content, at)
                fields.append(value)
            yield fields, content[start:at], b"\x98" + content[start + 1 : cut]
        need(at == len(content), "is followed by bytes that belong to no entry")


def given(fact: dict[str, Any]) -> list[tuple[str, str, int]]:
    """What a token outside a sale gives to a meter, and from where; nothing for most."""
    if fact.get("units"):
        unit, units = f"{fact['register'].upper()}_UNITS", fact["units"]
        return [(f"meter_credit:{fact['meter']}", unit, units), ("free_credit", unit, -units)]
    if not fact["energy_wh"]:
        return []
    source = {
        "free_units": "free_energy", "replacement": "replaced_energy",
        "transfer": "energy_in_transfer",
    }[fact["operation"]]  # fmt: skip
    meter, energy = f"meter_energy:{fact['meter']}", fact["energy_wh"]
    return [(meter, "WH", energy), (source, "WH", -energy)]


def customer_moves(kind: str, fact: dict[str, Any], amount: int) -> list[tuple[str, str, int]]:
    """What customers' money does, debts and bills included: (debit, credit, amount)."""
    account = fact.get("account", "")
    own, owing = f"capital_account:{account}", f"receivable:{account}"
    method, by_hand = fact.get("method", ""), fact.get("method") == "cash"
    held = own if by_hand or fact.get("spendable") else f"uncleared_account:{account}"
    clearing = f"in_clearing:{method}"
    if kind == "top_up_received":
        return [(f"cash:{fact['operator']}" if by_hand else clearing, held, amount)]
    if kind == "top_up_cleared":
        return [("bank", clearing, amount), (held, own, amount)]
    if kind == "top_up_bounced":
        cleared = fact["was"] == "cleared"
        lost = "bank" if cleared else clearing
        taken = (own if cleared else held, lost, fact["taken_minor"])
        return [taken, (owing, lost, fact["owed_minor"])]
    if kind == "debt_recorded":
        against = {"arrears": "opening_debts", "consumed": "reallocated"}
        return [(owing, against.get(fact["kind"], f"revenue:{fact['kind']}"), amount)]
    if kind == "bill_collected":
        bills, fee = f"bills_receivable:{account}", fact["late_fee_minor"]
        return [(fact["paid_from"], bills, amount), (fact["paid_from"], "revenue:late_fee", fee)]
    if kind == "sale_reallocated":
        owed = amount if fact["consumed"] else fact["debt_minor"]
        rest = ("reallocated", fact["moved_to"], amount - owed)
        return [(owing, fact["moved_to"], owed), rest]
    if kind == "sale_rerated":
        more = fact["due_minor"] - fact["paid_minor"]
        kept = f"meter_account:{fact['meter']}" if fact.get("meter") else own
        bearer = owing if more >= 0 else kept
        bearer = "revenue:tariff_variance" if fact["borne_by"] == "utility" else bearer
        pair = (bearer, "tariff_variance") if more >= 0 else ("tariff_variance", bearer)
        return [(*pair, abs(more))]
    plain = {
        "money_transferred": (fact.get("from_account", ""), fact.get("to_account", "")),
        "money_refunded": (fact.get("from_account", ""), fact.get("paid_to", "")),
        "deposit_taken": (fact.get("paid_from", ""), f"deposit:{account}"),
        "debt_paid": (fact.get("paid_from", ""), owing),
        "debt_written_off": ("written_off", owing),
        "bill_received": (f"bills_receivable:{account}", "billed"),
    }
    return [(*plain[kind], amount)] if kind in plain else []


class Check:
    """The journal, entry after entry: what is open, what was sold, and what all postings sum to."""

    def __init__(self) -> None:
        self.count, self.digest, self.origin, self.key = 0, bytes(32), "", b""
        self.sales: dict[str, tuple[dict[str, Any], str]] = {}  # id -> sale_committed, state
        self.notes: dict[tuple[str, int], dict[str, Any]] = {}  # in escrow, or nobody knows where
        self.moves: dict[str, dict[str, Any]] = {}  # movements of money on cards
        self.held: Counter[str] = Counter()  # payment -> notes in the box that bought nothing yet
        self.totals: Counter[str] = Counter()

    def run(self, data: bytes) -> None:
        """Check everything. Raises Bad, or what Python says of bytes that are no export."""
        need(data, "is missing: the file is empty")
        for fields, whole, signed in entries(data):
            origin, sequence, _time_ms, _quality, kind, version, body, previous, signature = fields
            need(sequence == self.count + 1, f"is missing: entry {sequence} stands in its place")
            need(previous == self.digest, "does not follow the entry before it")
            fact, end = read(body, 0)
            need(end == len(body), "holds more than one fact")
            need((kind == "home_opened") == (sequence == 1), "is not the one opening of a journal")
            if sequence == 1:
                self.origin, self.key = fact["origin"], fact["public_key"]
            need(origin == self.origin, "was written by another origin")
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, signed)
            if (kind, version) in SECOND or version == 1:
                self.post(self.postings(kind, fact))
            self.count, self.digest = sequence, hashlib.sha256(whole).digest()

    def post(self, postings: list[tuple[str, str, int]]) -> None:
        """Sum (account, currency, amount): zero for each currency."""
        sums: Counter[str] = Counter()
        for account, currency, amount in postings:
            sums[currency] += amount
            self.totals[f"{account.partition(':')[0]} {currency}"] += amount
        need(not any(sums.values()), f"makes postings that do not sum to zero ({dict(sums)})")

    def postings(self, kind: str, fact: dict[str, Any]) -> list[tuple[str, str, int]]:
        """What `fact` posts, a debit positive; Bad when it cannot stand here."""
        money, amount = fact.get("currency", ""), fact.get("amount_minor", 0)
        if kind == "catalogue_received":
            debts = fact["opening_debts"]
            owed = [(f"receivable:{account}", money, debt) for account, debt in debts.items()]
            return [*owed, ("opening_debts", money, -sum(debts.values()))]
        if kind == "sale_committed":
            self.commit(fact, fact["sale_id"], amount)
            paid = [
                (tender["account"], money, tender["amount_minor"]) for tender in fact["tenders"]
            ]
            return [*paid, ("sales_pending", money, -amount)]
        if kind in ("sale_delivered", "sale_voided", "sale_in_doubt"):
            return self.end(fact, kind.removeprefix("sale_"))
        if kind == "note_offered":
            need((fact["payment"], fact["note"]) not in self.notes, "offers a note twice")
            self.notes[fact["payment"], fact["note"]] = fact
        if kind in ("note_stacked", "note_returned"):
            note = self.notes.pop((fact["payment"], fact["note"]), {})
            need(note, "ends a note that was not offered")
            if kind == "note_stacked":
                money, amount = note["currency"], note["amount_minor"]
                self.held[fact["payment"]] += amount
                return [(f"cash:{note['device']}", money, amount), ("held_notes", money, -amount)]
        if kind == "token_issued":
            return given(fact)
        if kind.startswith("account_move"):
            return self.move(kind, fact)
        if kind.startswith("card_work_") and (amount or fact.get("energy_wh")):
            return self.card_work(kind.removeprefix("card_work_"), fact, money, amount)
        if kind in ("meter_replaced", "meter_cancelled"):
            return self.retire(fact, kind)
        customers = self.customers(kind, fact, money, amount)
        if customers:
            return customers
        if kind == "payment_kept":
            need(self.held.pop(fact["payment"], 0) == amount, "keeps more or less than was held")
            account = f"meter_account:{fact['meter']}"
            return [("held_notes", money, amount), (account, money, -amount)]
        return []

    def customers(
        self, kind: str, fact: dict[str, Any], money: str, amount: int
    ) -> list[tuple[str, str, int]]:
        """Accounts that are closed, sales that are taken back, money that moves between two."""
        if kind == "account_closed":
            given = [(name, money, each) for name, each in fact["kept"].items()]
            owing = (f"receivable:{fact['account']}", money, -fact["debt_minor"])
            return [*given, owing, (fact["paid_to"], money, -fact["paid_out_minor"])]
        if kind == "sale_reversed":
            back = [(line["account"], money, line["amount_minor"]) for line in fact["lines"]]
            energy, meter = fact["energy_wh"], f"meter_energy:{fact['meter']}"
            given = [("energy_issued", "WH", energy), (meter, "WH", -energy)]
            return [*back, (fact["returned_to"], money, -amount), *given]
        moves = customer_moves(kind, fact, amount)
        if moves:
            need(min(each for _, _, each in moves) >= 0, "moves less than nothing")
            pairs = [((to, money, each), (source, money, -each)) for to, source, each in moves]
            return [posting for pair in pairs for posting in pair]
        return []

    def move(self, kind: str, fact: dict[str, Any]) -> list[tuple[str, str, int]]:
        """Money is put on a card; a spend posts nothing, because its sale does."""
        if kind == "account_move_committed":
            need(fact["move_id"] not in self.moves, f"intends {fact['move_id']} a second time")
            self.moves[fact["move_id"]] = fact
            paid = [(fact["paid_into"], 1), ("card_accounts_pending", -1)]
        else:
            ends, fact = fact, self.moves.get(fact["move_id"], {})
            need(fact.pop("open", True) and fact, f"ends {ends['move_id']}, which is not open")
            fact["open"] = False
            kept = f"card_account:{fact['account']}" if kind == "account_moved" else ""
            paid = [("card_accounts_pending", 1), (kept or ends["returned_to"], -1)]
        if fact["kind"] == "spend":
            return []
        return [(account, fact["currency"], way * fact["amount_minor"]) for account, way in paid]

    def card_work(
        self, step: str, fact: dict[str, Any], money: str, amount: int
    ) -> list[tuple[str, str, int]]:
        """A fee is taken, earned or given back; or a purchase is taken back, line by line."""
        back = (fact.get("returned_to", ""), money, -amount)
        if step == "undone":
            return [("cards_pending", money, amount), back]
        same = sum(line["amount_minor"] for line in fact["lines"]) == amount
        need(same, f"holds work {fact['work_id']}, whose lines do not sum to its amount")
        lines = [(line["account"], money, line["amount_minor"]) for line in fact["lines"]]
        if fact["operation"] == "cancel":
            meter, energy = f"meter_energy:{fact['meter']}", fact["energy_wh"]
            carried = [(meter, "WH", -energy), ("energy_issued", "WH", energy)]
            return [*lines, back, *carried] if step == "done" else []
        paid = [(each["account"], money, each["amount_minor"]) for each in fact.get("tenders", [])]
        if step == "committed":
            return [*paid, ("cards_pending", money, -amount)]
        return [("cards_pending", money, amount), *((a, m, -n) for a, m, n in lines)]

    def retire(self, fact: dict[str, Any], kind: str) -> list[tuple[str, str, int]]:
        """A meter is taken out; what was left in it is moved or taken back."""
        left, moved = fact["remaining_wh"], fact.get("moved_wh", 0)
        rounded, worth = fact.get("rounded_wh", 0), fact.get("worth_minor", 0)
        need(moved == left + rounded or moved == rounded == 0, "moves more energy than was left")
        onward = "energy_in_transfer" if moved else "energy_taken_back"
        energy = [
            (f"meter_energy:{fact['meter']}", "WH", -left), ("rounding", "WH", -rounded),
            (onward, "WH", left + rounded),
        ]  # fmt: skip
        if kind == "meter_cancelled":
            return energy
        money, kept = fact["currency"], fact["kept_minor"]
        return [
            *energy,
            ("revenue:energy_taken_back", money, worth),
            (f"meter_account:{fact['meter']}", money, kept),
            (f"meter_account:{fact['new_meter']}", money, -kept - worth),
        ]

    def commit(self, fact: dict[str, Any], sale_id: str, amount: int) -> None:
        """A sale is paid; its figures agree."""
        need(sale_id not in self.sales, f"commits sale {sale_id} a second time")
        for part in ("lines", "tenders"):
            same = 0 < amount == sum(each["amount_minor"] for each in fact[part])
            need(same, f"holds sale {sale_id}, whose {part} do not sum to its amount")
        same = 0 < fact["energy_wh"] == sum(line["energy_wh"] for line in fact["lines"])
        need(same, f"holds sale {sale_id}, whose lines do not sum to its energy")
        notes = sum(each["amount_minor"] for each in fact["tenders"] if each["kind"] == "notes")
        need(
            not notes or self.held.pop(sale_id, 0) == notes, "is paid with notes that nobody put in"
        )
        asked = [free["request"] for free in fact.get("free", [])]
        numbers = [each["identifier"] for each in ([fact["token"], *asked] if asked else [])]
        need(
            numbers == sorted(set(numbers)),
            f"holds sale {sale_id}, whose identifiers do not follow each other",
        )
        self.sales[sale_id] = fact, "paid"

    def end(self, fact: dict[str, Any], state: str) -> list[tuple[str, str, int]]:
        """An open sale is delivered, voided or in doubt."""
        sale, before = self.sales.get(fact["sale_id"], ({}, ""))
        need(before in ("paid", "in_doubt"), f"ends sale {fact['sale_id']}, which is not open")
        self.sales[fact["sale_id"]] = sale, state
        money, amount, energy = sale["currency"], sale["amount_minor"], sale["energy_wh"]
        if state == "in_doubt":
            return []
        if state == "voided":
            return [("sales_pending", money, amount), (fact["returned_to"], money, -amount)]
        free = [100 * each["request"]["units"] for each in sale.get("free", [])]
        need(len(fact.get("free", [])) == len(free), f"delivers another set than {fact['sale_id']}")
        income = [(line["account"], money, -line["amount_minor"]) for line in sale["lines"]]
        carried = [
            (f"meter_energy:{sale['meter']}", "WH", energy + sum(free)),
            ("energy_issued", "WH", -energy),
            ("free_energy", "WH", -sum(free)),
        ]
        return [("sales_pending", money, amount), *income, *carried]

    def report(self) -> str:
        """What the journal adds up to, for a person."""
        states = Counter(state for _, state in self.sales.values())
        sold = Counter[str]()
        for sale, state in self.sales.values():
            if state == "delivered":
                sold[f"{sale['currency']}, minor units"] += sale["amount_minor"]
                sold["Wh"] += sale["energy_wh"]
        said = [f"{self.origin}: {self.count} entries, the last with digest {self.digest.hex()}"]
        said.append(f"{len(self.sales)} sales: " + str(dict(sorted(states.items()))))
        said += [f"delivered: {amount} {what}" for what, amount in sold.items()]
        said += [f"  {name} {amount:+d}" for name, amount in sorted(self.totals.items()) if amount]
        return "\n".join([*said, "Everything is as it was written."])


def main(path: str) -> int:
    """Check one file; the exit code."""
    check = Check()
    try:
        check.run(Path(path).read_bytes())
    except OSError as error:
        sys.stderr.write(f"{path}: {error.strerror}\n")
        return 1
    except WRONG as error:
        said = {Bad: f"{error}", InvalidSignature: "was not signed by its origin"}
        why = said.get(type(error), f"cannot be read ({error})")
        sys.stderr.write(f"Entry {check.count + 1} {why}.\n")
        return 1
    sys.stdout.write(f"{check.report()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
