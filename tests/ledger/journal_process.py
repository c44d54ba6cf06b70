"""A process of its own on a home: does what it reads on its standard input, and answers in JSON.

    python -m tests.ledger.journal_process HOME [KEY_OF_THE_STORE]

It opens the journal, says {"holds_pen": ...}, and then takes lines: `sell NAME IDENTIFIER`,
`many PREFIX COUNT FIRST_IDENTIFIER`, `arm MARK`, `station NAME`, `pen`, and the end of its input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kiosk import marks
from kiosk.errors import Refusal
from kiosk.ledger.connection import unlock
from kiosk.ledger.journal import Journal
from kiosk.ledger.stations import Station
from tests.builders import sale
from tests.ledger.ledgers import open_journal


def say(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


def sell(journal: Journal, name: str, identifier: int) -> None:
    outcome = journal.append(sale(name, identifier=identifier))
    refused = outcome.code if isinstance(outcome, Refusal) else ""
    say(sale=name, numbers=[] if refused else outcome, refused=refused)


def main() -> None:
    home = Path(sys.argv[1])
    unlock(home, bytes.fromhex("".join(sys.argv[2:])))
    journal = open_journal(home)
    say(holds_pen=journal.holds_pen)
    for line in sys.stdin:
        verb, *words = line.split()
        if verb == "sell":
            sell(journal, words[0], int(words[1]))
        elif verb == "many":
            for number in range(int(words[1])):
                sell(journal, f"{words[0]}{number}", int(words[2]) + number)
        elif verb == "arm":
            marks.arm_from(words[0])
            say(armed=words[0])
        elif verb == "station":
            Station(home, words[0])
            say(station=words[0])
        else:
            say(holds_pen=journal.holds_pen)
    journal.close()


if __name__ == "__main__":
    main()
