"""What a later entry leans on: the earlier ones that a journal needs before it can take it.

A cheque clears that was taken before the fork, a meter is amended that was installed before it. The
new journal is given that story again, as it was; what it posts is taken off the balances that are
carried forward, so nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from kiosk.domain import facts

#: Fields that name one act: whoever shares one belongs to its story.
_ACTS = frozenset({"payment", "first_sale"})
#: Fields that name a record of the registry; only what registers or changes records is its story.
_RECORDS = frozenset({"account", "meter", "new_meter", "customer", "number", "serial"})
_REGISTERS = frozenset({
    "customer_registered", "customer_amended", "meter_installed", "meter_amended", "shares_set",
    "meter_replaced", "meter_cancelled",
})  # fmt: skip

Earlier = Iterable[tuple[int, facts.Fact]]


class LeftOut(msgspec.Struct, frozen=True):
    """An entry of the old journal that the new one cannot take, and why: work for a person."""

    sequence: int
    kind: str
    code: str

    def sentence(self) -> str:
        """As it is said to whoever rejoins."""
        return f"entry {self.sequence}, {self.kind} ({self.code})"


def acts_of(fact: facts.Fact) -> set[str]:
    """The ids of acts that `fact` names."""
    return set(_values(fact, lambda name: name.endswith("_id") or name in _ACTS))


def story_of(refused: list[facts.Fact], earlier: Earlier, carried: set[str]) -> set[int]:
    """The numbers of the earlier entries that the refused facts lean on; what is `carried` forward
    as open stands in the new journal anyhow."""
    acts = {act for fact in refused for act in acts_of(fact)} - carried
    records = {value for fact in refused for value in _values(fact, _RECORDS.__contains__)}
    found = set()
    for sequence, fact in earlier:
        named = acts_of(fact)
        if named & carried:
            continue
        registered = fact.KIND in _REGISTERS and set(_values(fact, _RECORDS.__contains__))
        if named & acts or (registered and registered & records):
            found.add(sequence)
    return found


def _values(fact: facts.Fact, wanted: Callable[[str], bool]) -> Iterator[str]:
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if isinstance(value, str) and value and wanted(name):
            yield value
