"""The centre of a rehearsal: it is there without hand work, with the utility that is played."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec

from kiosk.config import Settings
from kiosk.domain import catalogue as catalogues
from kiosk.domain.catalogue import Catalogue
from kiosk.front.own_centre import OwnCentre
from kiosk.front.utility_registry import first_catalogue
from sync.centre.__main__ import main
from sync.roads import file as stick


def test_the_centre_of_a_rehearsal_has_prices_and_registry_when_it_starts(tmp_path: Path) -> None:
    settings = Settings()
    settings = msgspec.structs.replace(
        settings, rehearsal=msgspec.structs.replace(settings.rehearsal, customers=20)
    )
    own = OwnCentre(tmp_path, partial(first_catalogue, settings))
    try:
        assert own.address().startswith("http://127.0.0.1:")
    finally:
        own.close()
    written = tmp_path / "written"
    assert main(["catalogue", "write", str(written), "--home", str(tmp_path)]) == 0
    found = catalogues.decode(stick.read_catalogue(written).content)
    assert isinstance(found, Catalogue)
    assert (found.number, len(found.customers), len(found.tariff.power_types)) == (1, 20, 6)
