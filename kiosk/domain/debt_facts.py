"""Facts about what customers owe: dated debts, plans, payments, debts that were written off."""

from __future__ import annotations

from kiosk.domain.fact import Fact


class DebtRecorded(Fact, frozen=True):
    """A customer owes `amount_minor` since `dated_ms`; `kind` is one of `kiosk.domain.debts.KINDS`.

    `second` is the person who agreed, empty where a rule of the settings made the debt.
    """

    KIND = "debt_recorded"
    debt_id: str
    account: str
    kind: str
    dated_ms: int
    currency: str
    amount_minor: int
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A debt is recorded once; interest names its period, so a period is charged once."""
        return f"debt/{self.debt_id}"


class DebtPaid(Fact, frozen=True):
    """Debt was paid outside a purchase, with a slip. `debt_id` names one debt; empty: in the order
    of the customer's plan. `paid_from` is cash, the capital account or a meter account."""

    KIND = "debt_paid"
    payment_id: str
    account: str
    debt_id: str
    currency: str
    amount_minor: int
    paid_from: str
    tendered_minor: int
    change_minor: int
    operator: str

    def identity(self) -> str:
        """A payment is taken once."""
        return f"debt_paid/{self.payment_id}"


class DebtWrittenOff(Fact, frozen=True):
    """Two persons gave a debt up, whole or in part."""

    KIND = "debt_written_off"
    write_off_id: str
    account: str
    debt_id: str
    currency: str
    amount_minor: int
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A write-off stands once."""
        return f"write_off/{self.write_off_id}"


class DebtPlanSet(Fact, frozen=True):
    """How a customer pays old debt with purchases from now on (kiosk.domain.debts.Plan).

    `rule` "tariff" goes back to the share that the tariff pack says.
    """

    KIND = "debt_plan_set"
    account: str
    rule: str
    amount_minor: int
    share_ppm: int
    order: str
    reason: str
    operator: str


FACTS: tuple[type[Fact], ...] = (DebtRecorded, DebtPaid, DebtWrittenOff, DebtPlanSet)
