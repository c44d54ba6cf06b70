"""The sentences of this site's language, with its money, its energy and its time."""

from __future__ import annotations

from kiosk.config import Settings
from kiosk.domain.energy import format_kwh
from kiosk.domain.money import format_amount
from kiosk.errors import ConfigFault
from kiosk.words.book import Words, languages
from kiosk.words.formats import Formats, time_zone


def words_of(settings: Settings, language: str = "") -> Words:
    """The sentences of `language`, by default the site's. ConfigFault when there is none such."""
    site = settings.site
    formats = Formats(format_amount, format_kwh, site.currency, time_zone(site.timezone))
    try:
        return Words(language or site.language, formats)
    except KeyError:
        known = ", ".join(code for code, _ in languages())
        raise ConfigFault(f"[site] language must be one of {known}.") from None
