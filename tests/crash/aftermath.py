"""What follows a death: the next start settles it, customers come back, everything is shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from kiosk.till import history, replace, reverse
from kiosk.till.maintain import verify
from kiosk.till.recover import recover
from sync.courier import bundles
from sync.wire import encode_bundle
from tests.crash import auditor
from tests.crash.bench import Bench, good
from tests.crash.journal_reader import digits_in
from tests.crash.verb import Verb

#: How often a silent note acceptor is asked again.
_TRIES = 5


def settle(bench: Bench) -> None:
    """What every start does; whoever has a card in doubt puts it in once more.

    A note on its way is settled by its acceptor, which keeps real time: on a machine that is too
    busy it is asked again, as a kiosk does.
    """
    good(recover(bench.desk))
    for _ in range(_TRIES):
        if bench.acceptor is None or not note_on_its_way(bench):
            break
        bench.acceptor.plug_in(bench.desk)
        good(recover(bench.desk))
    for record in history.in_doubt(bench.desk):
        if record.committed.card is not None:
            bench.with_card(record.committed.meter, lambda: good(recover(bench.desk)))
    _settle_cards(bench)
    for replacement in bench.desk.records.open_transfers():
        good(replace.finish_transfer(bench.desk, replacement.replacement_id))


def note_on_its_way(bench: Bench) -> bool:
    """Whether a note was offered and nobody has said where it is."""
    return any(note.state == "offered" for note in bench.desk.records.open_notes())


def _settle_cards(bench: Bench) -> None:
    """Movements and works wait for their card; a reversal for whoever began it."""
    desk = bench.desk
    chips = [move.committed.card for move in desk.records.open_moves()]
    chips += [work.committed.serial for work in desk.records.open_card_works()]
    for serial in chips:
        bench.with_chip(serial, lambda: good(recover(desk)))
    for record in reverse.waiting(desk):
        sale = record.committed
        assert sale.card is not None
        bench.with_chip(
            sale.card.serial,
            lambda sale=sale: good(reverse.reverse(desk, sale.sale_id, "was interrupted")),  # type: ignore[misc]
        )


def export(bench: Bench) -> bytes:
    """The whole journal as `kiosk export --all` writes it."""
    return b"".join(encode_bundle(bundle) for bundle in bundles(bench.house.home.journal, 0))


def journal_of(bench: Bench) -> list[tuple[str, dict[str, Any]]]:
    """Kind and content of every entry, for a verb's own ground."""
    entries = bench.desk.records.after(0, 1000)
    return [(entry.kind, msgspec.msgpack.decode(entry.body)) for entry in entries]


def report(home: Path, verb: Verb, chips: dict[str, str], out: Path) -> None:
    """Settle in peace, then everything that came out goes into the meters, twice; at the very end
    somebody tries the doors."""
    bench = Bench(home, cash=verb.cash)
    try:
        settle(bench)
        content = export(bench)
        shown = {
            "export": content.hex(),
            "verify": msgspec.to_builtins(verify(bench.desk)),
            "in_doubt": [record.committed.sale_id for record in history.in_doubt(bench.desk)],
            "notes_in_doubt": [
                f"{note.payment}/{note.note}"
                for note in bench.desk.records.open_notes()
                if note.state == "in_doubt"
            ],
            "open_tokens": [
                record.committed.issue_id for record in bench.desk.records.open_tokens()
            ],
            "unsettled": unsettled(bench),
        }
        bench.take_card()
        for when in ("once", "twice"):
            _carry(bench, content, chips)
            shown[when] = asdict(auditor.see(home / "world", chips))
        shown["doors"] = verb.knock(bench)
        out.write_text(json.dumps(shown))
    finally:
        bench.close()


def unsettled(bench: Bench) -> list[str]:
    """Movements, works on cards, reversals and balances of meters that the till lists as open."""
    records = bench.desk.records
    return [
        *(move.committed.move_id for move in records.open_moves()),
        *(work.committed.work_id for work in records.open_card_works()),
        *records.waiting_reversals(),
        *(each.replacement_id for each in records.open_transfers()),
    ]


def _carry(bench: Bench, content: bytes, before: dict[str, str]) -> None:
    """Tokens are typed, cards are put in; a card that was replaced is found and tried as well."""
    for meter, digits in digits_in(content):
        bench.enter(meter, digits)
    for meter, chip in bench.chips().items():
        bench.insert_in_meter(meter)
        if before.get(meter, chip) != chip:
            bench.insert_in_meter(meter, before[meter])
