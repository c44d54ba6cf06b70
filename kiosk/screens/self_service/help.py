"""Help on a step, the languages, and in a rehearsal the customer's hands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget
from textual.widgets import Static

from kiosk.screens.self_service.deeds import Deed, Handed, do_deed
from kiosk.screens.widgets.choices import ChoiceList
from kiosk.words.book import languages

if TYPE_CHECKING:
    from kiosk.domain.tariff import Line
    from kiosk.till.quote import Offer


class Help(Handed):
    """Explains the step below; its rows are the hands (rehearsal) and the other languages."""

    PATIENCE: ClassVar[int] = 1

    def __init__(self, key: str, offer: Offer | None = None) -> None:
        super().__init__()
        self.key, self.offer = key, offer

    def heading(self) -> str:
        """What this is."""
        return self.say("kiosk.help_title" if self.offer is None else "cashier.why_title")

    def body(self) -> Iterable[Widget]:
        """The sentence of the step, or the reason of every line of a quote."""
        if self.offer is not None:
            for line in self.offer.quote.lines:
                yield Static(self._reason(line), classes="reason", markup=False)
            return
        yield Static(self.say(self.key), classes="plain", markup=False)
        yield Static("", classes="gap")
        yield ChoiceList([deed.text for deed in self._deeds()] + [n for _, n in self._languages()])

    def _reason(self, line: Line) -> str:
        amount = self.words.money(line.amount_minor)
        label = line.label or self.say(f"lines.{line.code}")
        reason = self.words.reason(line.reason, line.values, self.desk.currency)
        return f"{label}: {amount}. {reason}"

    def hint(self) -> str:
        """The keys."""
        if self.offer is not None:
            return self.hints(enter="back")
        return self.hints(digits="row", enter="back")

    def aside(self) -> str:
        """The hands stand above."""
        return ""

    def _languages(self) -> list[tuple[str, str]]:
        return [entry for entry in languages() if entry[0] != self.words.language]

    def _deeds(self) -> list[Deed]:
        """What the hands can do at any time; in the order of a first try."""
        if self.face_app.hands is None:
            return []
        played, say = self.face_app.played, self.say
        card, meter, token = played.card_meter, played.meter, played.token
        card_in = say("rehearsal.card_in", customer=f"{played.card_name} ({card})")
        found = [
            Deed(card_in, lambda hands: hands.insert_card(card)),
            Deed(say("rehearsal.card_out"), lambda hands: hands.pull_card()),
            Deed(say("rehearsal.meter_insert"), lambda hands: hands.insert_in_meter(card)),
        ] if card else []  # fmt: skip
        if token:
            text = say("rehearsal.meter_enter")
            found.append(Deed(text, lambda hands: hands.enter_token(meter, token)))
        if meter:
            text = f"{say('rehearsal.meter_show')} {meter}"
            found.append(Deed(text, lambda hands: hands.show_meter(meter), looks=True))
        return found

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        """A touch is the digit."""
        self.press_digit(message.digit)

    def press_digit(self, digit: int) -> None:
        """A deed or a language; either leads back to the step below."""
        if self.offer is not None:
            return
        deeds = self._deeds()
        known = self._languages()
        if 1 <= digit <= len(deeds):
            self.app.pop_screen()
            do_deed(self, deeds[digit - 1])
        elif len(deeds) < digit <= len(deeds) + len(known):
            app = self.face_app
            self.app.pop_screen()
            app.speak(known[digit - 1 - len(deeds)][0])

    def press_enter(self) -> None:
        """Back to the step."""
        self.app.pop_screen()

    press_cancel = press_clear = press_help = press_enter
