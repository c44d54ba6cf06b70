"""Faults that somebody could make by mistake or on purpose, each with the suite that must see it.

A plant is a piece of source that is replaced by another. When the old text is no longer there, the
harness says so: the plant must be moved to where the promise is kept now.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plant:
    """`old` stands in `file` exactly once; `suite` is what pytest is given, and fails."""

    name: str
    file: str
    old: str
    new: str
    suite: str


_SELL, _PEN, _PROOF = "kiosk/till/sell.py", "kiosk/ledger/pen.py", "kiosk/ledger/proof.py"
_POWER = "tests/power/test_power.py -k while_a_home_is_opened_and_sells"
_TAMPERING = "tests/ledger/test_tampering.py -k whatever_was_changed"
_TOKENS = "tests/till/test_selling_tokens.py"
_MEDIUM = "tests/ledger/test_second_medium.py"
_UNDOING = "tests/till/test_undoing_cards.py"

PLANTS = [
    # --- the disk -------------------------------------------------------------------------------
    Plant("a commit is not synced", "kiosk/ledger/store.py",
          "        with _closed_unless_ready(connection):\n            sync_folder(home)",
          "        with _closed_unless_ready(connection):\n            sync_folder(home)\n"
          '            connection.execute("PRAGMA synchronous=NORMAL")',
          _POWER),
    Plant("the name of a key is not synced", "kiosk/ledger/files.py",
          "    beside.unlink()\n    sync_folder(path.parent)", "    beside.unlink()", _POWER),
    Plant("a failed commit is called not written", _PEN,
          "known = not committing or self._cannot_come_back()", "known = True",
          "tests/ledger/test_pen.py -k disk_is_full"),
    Plant("a sale is begun on a full disk", "kiosk/till/desk.py",
          "        if free_bytes(self.home) < needed_mib * 1024 * 1024:", "        if False:",
          f"{_TOKENS} -k E18"),
    # --- once, and in this order ----------------------------------------------------------------
    Plant("a note is stacked before its intention is written", "kiosk/till/pay.py",
          '        mark("note.before_intention")\n',
          '        self._stack()\n        mark("note.before_intention")\n',
          "tests/crash/test_walk.py -k note.before_intention"),
    Plant("the card is written before the sale is", _SELL,
          '        mark("sale.before_commit_one")\n',
          "        if committed.card is not None and desk.reader is not None:\n"
          "            desk.reader.write(committed.card.serial, committed.card.writes)\n"
          '        mark("sale.before_commit_one")\n',
          "tests/crash/test_walk.py -k card-sale.before_commit_one"),
    Plant("recovery makes another token", "kiosk/till/deliver.py",
          "            answer = desk.vendor.issue(request)",
          "            import msgspec\n\n"
          "            other = desk.entropy.nibble() + request.identifier\n"
          "            answer = desk.vendor.issue(\n"
          "                msgspec.structs.replace(request, identifier=other)\n"
          "            )",
          "tests/till/test_recovering.py tests/till/test_selling_tokens.py"),
    Plant("recovery repeats a sale under a new id", "kiosk/till/recover.py",
          "        return record\n    return deliver(desk, record.committed)",
          "        return record\n    import msgspec\n\n"
          "    again = msgspec.structs.replace(record.committed, sale_id=desk.entropy.name())\n"
          "    desk.journal.append(again)\n"
          "    return deliver(desk, again)",
          "tests/till/test_recovering.py"),
    Plant("recovery touches a sale that is under way elsewhere", "kiosk/till/desk.py",
          "return station == self.station.name or is_gone(self.home, station)", "return True",
          "tests/till/test_recovering.py"),
    Plant("a note counts twice", "kiosk/till/pay.py",
          "            self.notes_minor += offered.amount_minor",
          "            self.notes_minor += 2 * offered.amount_minor",
          "tests/till/test_paying_with_notes.py"),
    Plant("a stacked note may be stacked again", "kiosk/domain/books.py",
          "        offered = self.notes.pop(key, None) or self.lost_notes.pop(key, None)\n"
          "        if offered is None:\n"
          '            return Refusal("note_not_open", {"payment": fact.payment})\n'
          "        _, _, before",
          "        offered = self.notes.get(key) or self.lost_notes.get(key)\n"
          "        if offered is None:\n"
          '            return Refusal("note_not_open", {"payment": fact.payment})\n'
          "        _, _, before",
          "tests/domain/test_books.py"),
    Plant("the same id with another content is the same fact", _PEN,
          "        if written == (draft.kind, draft.version, draft.body):", "        if written:",
          "tests/ledger/test_pen.py"),
    Plant("a refused group leaves its first facts", _PEN,
          '            execute("ROLLBACK TO drafts")\n', "", "tests/ledger/test_pen.py"),
    # --- identifiers and amounts ----------------------------------------------------------------
    Plant("an identifier is given again", "kiosk/domain/token.py",
          "max(now, last + 1)\n    identifier", "max(now, last)\n    identifier",
          "tests/domain/test_token.py"),
    Plant("the pen does not look whether an identifier is taken", "kiosk/ledger/checks.py",
          "    return Refusal(\"identifier_taken\", {\"meter\": used[0]}) if row else None\n",
          "    return None\n",
          "tests/ledger/test_pen.py"),
    Plant("identifiers have no unique key", "kiosk/ledger/migrations/0001.sql",
          "  PRIMARY KEY (meter, base_date, key_revision, identifier)\n) WITHOUT ROWID, STRICT;",
          "  CHECK (identifier >= 0)\n) STRICT;", "tests/ledger/test_tables.py"),
    Plant("a token carries a tenth of a kilowatt-hour less", _SELL,
          "units = offer.quote.energy_wh // STS_STEP_WH",
          "units = offer.quote.energy_wh // STS_STEP_WH - 1",
          _TOKENS),
    Plant("energy is rounded down", "kiosk/domain/energy.py",
          "mantissa = -((base - units) // step)", "mantissa = (units - base) // step",
          "tests/domain/test_energy.py"),
    Plant("tax is rounded down", "kiosk/domain/tariff_lines.py",
          "    return (2 * amount * part + whole) // (2 * whole)",
          "    return amount * part // whole", "tests/domain/test_tariff.py"),
    Plant("kept money is spent twice", "kiosk/ledger/checks.py",
          "        if amount > 0 and _kept(connection, account, currency) < amount:",
          "        if False:",
          "tests/ledger/test_pen.py"),
    Plant("old prices are good for ever", _SELL,
          "    if found is None or found[0] != offer.quote.tariff_digest:",
          "    if found is None:",
          "tests/till/test_asking.py"),
    # --- cards ----------------------------------------------------------------------------------
    Plant("a card is made valid first", "kiosk/domain/cards/open.py",
          "        PlainWrite(PURCHASE, _VALIDITY_AT, NOT_FINISHED),\n",
          "        PlainWrite(PURCHASE, _VALIDITY_AT, VALID),\n",
          "tests/domain/cards/test_open_safety.py"),
    Plant("a card is not read back", "kiosk/till/deliver.py",
          "    if family.witness(delivery.before, reader.read(), delivery.writes)"
          ' != "delivered":\n        raise',
          "    if False:\n        raise", "tests/till/test_selling_cards.py"),
    Plant("a purchase that the meter has not read is overwritten", "kiosk/domain/cards/open.py",
          "    if not card.taken():", "    if False:", "tests/domain/cards/test_open_layout.py"),
    Plant("an open work on a card is left behind", "kiosk/front/rejoining.py",
          "works.carried(), open_moves(books)", "[], []",
          "tests/front/test_rejoining.py -k cards_that_stood_open"),
    # --- proofs ---------------------------------------------------------------------------------
    Plant("verify does not look at the last signature", _PROOF,
          "        if last is not None and not entry_is_genuine(self.public_key, last):\n"
          "            raise Bad(last.sequence, _FORGED)\n        self._end",
          "        self._end", _TAMPERING),
    Plant("verify does not compare postings", _PROOF,
          "        if stored == expected:", "        if stored or expected or True:", _TAMPERING),
    Plant("verify believes the stored totals", "kiosk/ledger/proof_tables.py",
          "        if stored.get(key) != balances.get(key):", "        if False:",
          "tests/ledger/test_tampering.py -k beside_the_journal"),
    Plant("a sale that paid a debt leaves for the archive", "kiosk/ledger/archive_ties.py",
          "    \" WHERE account >= 'receivable:' AND account < 'receivable;')\",\n",
          "    \" WHERE account = 'nobody')\",\n",
          "tests/front/test_everything.py"),
    Plant("a fault file tells whose", "kiosk/errors.py",
          "        said = _QUOTED.sub(\"'...'\", discreet(str(error)))[:300]",
          "        said = str(error)",
          "tests/front/test_stolen_disk.py -k everything_has_happened"),
    # --- the line -------------------------------------------------------------------------------
    Plant("an acknowledgement without a signature is believed", "sync/courier.py",
          "    if not wire.acknowledgement_is_genuine(centre.public_key, answer):", "    if False:",
          "tests/sync/test_courier.py"),
    Plant("a bundle without a signature is taken", "sync/centre/intake.py",
          "    if not entry_is_genuine(public_key, last):", "    if False:",
          "tests/sync/test_intake.py"),
    Plant("a fork is taken", "sync/centre/intake.py",
          "    if offered != held_digest:", "    if False:", "tests/sync/test_intake.py"),
    Plant("a gap is taken", "sync/centre/intake.py",
          "    if checked.first > standing.sequence + 1:", "    if False:",
          "tests/sync/test_intake.py"),
    # --- people and devices ---------------------------------------------------------------------
    Plant("everybody may do everything", "kiosk/till/desk.py",
          'return None if may(self.role, right) else Refusal("no_right", {"right": right})',
          "return None", "tests/till/test_tokens_without_sale.py"),
    Plant("a PIN may be guessed for ever", "kiosk/till/sign_in_lock.py",
          "    if record.failures < _TRIES:", "    if True:", "tests/till/test_signing_in.py"),
    Plant("a silent printer has printed", "drivers/printer/status.py",
          "    if None in known:", "    if False:", "tests/drivers/printer/test_printer_status.py"),
    Plant("a late answer of the note acceptor is the next one's", "drivers/cash/cctalk_line.py",
          "        if not self._overdue or self._port is None:", "        if True:",
          "tests/drivers/cash/test_cctalk_late.py"),
    Plant("a broken frame of the note acceptor is read", "drivers/cash/cctalk_frames.py",
          "    return frame if build(frame, check) == raw else None", "    return frame",
          "tests/drivers/cash/test_cctalk_frames.py"),
    Plant("a failing handler ends the face", "kiosk/screens/frame.py",
          "            if self in self.face_app.screen_stack and self.app.is_running:\n"
          "                self.face_app.fault(error)",
          "            if self in self.face_app.screen_stack and self.app.is_running:\n"
          "                self.face_app.exit(1)",
          "tests/attacks/test_escapes.py -k fault_is_a_case_number"),
    Plant("a size that is typed is believed", "kiosk/screens/terminal.py",
          "        if not isinstance(message, events.Resize | InBandWindowResize):",
          "        if message:", "tests/attacks/test_terminal.py -k size"),
    Plant("Ctrl-C ends a real kiosk", "kiosk/screens/app.py",
          '        if self.desk.settings.site.mode == "rehearsal":\n            self.exit(0)',
          "        self.exit(0)", "tests/attacks/test_escapes.py -k ctrl+c"),
    # --- withdrawn, updated, restored -----------------------------------------------------------
    Plant("an order to end is believed unsigned", "sync/courier.py",
          "if not wire.revocation_is_genuine(centre.public_key, answer):",
          "if not answer.signature:",
          "tests/front/test_revoking.py -k not_its_centres"),
    Plant("what is unsent is wiped unsealed", "kiosk/front/revoking.py",
          "write_sealed(home / LEFT_BEHIND, unsent)", "write_sealed(home / LEFT_BEHIND, [])",
          "tests/front/test_revoking.py -k nothing_of_a_customer"),
    Plant("a lease never ends", "kiosk/till/desk.py",
          "        ended = self._lease_ended()\n", "        ended = None\n",
          "tests/front/test_revoking.py -k selling_ends_by_itself"),
    Plant("an update may change totals", "kiosk/ledger/updating.py",
          "if _totals(connection) != before:", "if before is None:",
          "tests/front/test_updating.py -k would_change"),
    Plant("a ledger that was put back sells", "kiosk/ledger/journal.py",
          "    if medium.ahead:\n", "    if False:\n",
          "tests/front/test_medium_as_witness.py -k old_ledger_sells_nothing"),
    Plant("a fork is restored over", "kiosk/ledger/rebuild.py",
          "            if reading.source.doubted and not self._proves_itself(entry):\n"
          "                return",
          "            if reading.source.doubted:\n                return",
          "tests/front/test_restoring.py -k over_a_fork"),
    Plant("damage that was found is forgotten", "kiosk/front/home.py",
          "    found = known_damage(path)\n", '    found = ""\n',
          "tests/front/test_found_damage.py -k stands_over_a_restart"),
    # --- an order that a tired hand turns round, a guard that it leaves out ----------------------
    Plant("the second medium is written before the commit", _PEN,
          '            mark("pen.before_commit")\n',
          "            if self._medium is not None and self._written:\n"
          "                self._medium.follow(self._written, self._read_after)\n"
          '            mark("pen.before_commit")\n',
          f"{_MEDIUM} -k before_the_commit"),
    Plant("what was refused is on the second medium", _PEN,
          "            del self._written[written:]\n", "", f"{_MEDIUM} -k leaves_no_trace"),
    Plant("a second medium with another past is written on", "kiosk/ledger/second_medium.py",
          "            self._upto == 0 or entry.previous == self._digest\n",
          "            self._upto >= 0\n", f"{_MEDIUM} -k another_past"),
    Plant("the start does not look at the last signature", "kiosk/ledger/start_check.py",
          "    if not entry_is_genuine(opened.public_key, entries[-1]):", "    if not entries:",
          "tests/ledger/test_start_check.py -k forged"),
    Plant("a small file is named before it is whole", "kiosk/ledger/files.py",
          "        while left:  # a disk", "        if left:  # a disk",
          "tests/ledger/test_files.py"),
    Plant("kept money is turned into cash when a sale is undone", "kiosk/till/deliver.py",
          'if present and all(tender.kind == "cash"', 'if present and any(tender.kind == "cash"',
          f"{_TOKENS} -k turned_into_cash"),
    Plant("money goes back and the card keeps its purchase", "kiosk/till/take_back.py",
          '    if _testimony(desk, delivery) != "not_delivered":\n        reason',
          "    if False:\n        reason", f"{_UNDOING} -k does_not_show"),
    Plant("the card is touched before its reversal is written", "kiosk/till/reverse.py",
          '    if seen.undone != "intended":\n        intended',
          "    take_back(desk, sale, writes)\n"
          '    if seen.undone != "intended":\n        intended',
          f"{_UNDOING} -k before_the_intention"),
    Plant("charges are paid back as energy", "kiosk/till/credit_left.py",
          '"fixed", "per_day", "per_month"})', '"fixed"})',
          "tests/till/test_replacing.py -k no_worth"),
    Plant("vending keys are in force before their fact", "kiosk/till/keys.py",
          '    if not desk.records.is_known(f"key_file/{found.digest}"):\n        fact',
          "    desk.vendor = desk.key_files.load(path, secret)\n"
          '    if not desk.records.is_known(f"key_file/{found.digest}"):\n        fact',
          "tests/till/test_vending_keys.py -k before_its_fact"),
]  # fmt: skip
