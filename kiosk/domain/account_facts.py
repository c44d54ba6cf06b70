"""Facts about customers' own money: top-ups, transfers, refunds, deposits, closed accounts.

`account` is the customer's number; names such as `paid_from` are accounts of the chart.
"""

from __future__ import annotations

from kiosk.domain.fact import Fact

#: How money comes in. Cash is there at once; everything else is received, then cleared or bounced.
METHODS = ("cash", "cheque", "bank_transfer", "e_payment")
#: What becomes of energy that is left in a meter when it is taken out for good.
TREATMENTS = ("paid", "given_up")


class TopUpReceived(Fact, frozen=True):
    """Money came in for a customer's capital account; a slip was given for it (F007, F023).

    `reference` is the number of the cheque, transfer or e-payment. `spendable` says whether it may
    be spent before it has cleared; cash always may.
    """

    KIND = "top_up_received"
    top_up_id: str
    account: str
    method: str
    currency: str
    amount_minor: int
    reference: str
    spendable: bool
    tendered_minor: int
    change_minor: int
    operator: str

    def identity(self) -> str:
        """A top-up is received once."""
        return f"top_up/{self.top_up_id}"


class TopUpCleared(Fact, frozen=True):
    """The bank has the money. Figures stand here again, so that postings need nothing else."""

    KIND = "top_up_cleared"
    top_up_id: str
    account: str
    method: str
    currency: str
    amount_minor: int
    spendable: bool
    operator: str

    def identity(self) -> str:
        """A top-up clears once; it may still bounce."""
        return f"top_up_cleared/{self.top_up_id}"


class TopUpBounced(Fact, frozen=True):
    """The bank did not pay, or took the money back. `was` is "received" or "cleared".

    What the customer has not spent goes (`taken_minor`); the rest is a debt from now on
    (`owed_minor`): an account is never silently below zero.
    """

    KIND = "top_up_bounced"
    top_up_id: str
    account: str
    method: str
    currency: str
    amount_minor: int
    was: str
    spendable: bool
    taken_minor: int
    owed_minor: int
    reason: str
    operator: str

    def identity(self) -> str:
        """A top-up bounces once."""
        return f"top_up_bounced/{self.top_up_id}"


class MoneyTransferred(Fact, frozen=True):
    """Money moved between accounts, of one customer or of two, agreed by two persons (F070)."""

    KIND = "money_transferred"
    transfer_id: str
    currency: str
    amount_minor: int
    from_account: str
    from_customer: str
    to_account: str
    to_customer: str
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A transfer is made once."""
        return f"transfer/{self.transfer_id}"


class MoneyRefunded(Fact, frozen=True):
    """A customer's money was paid out, in cash or through the bank, by two persons (F011)."""

    KIND = "money_refunded"
    refund_id: str
    account: str
    currency: str
    amount_minor: int
    from_account: str
    paid_to: str
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A refund is paid once."""
        return f"refund/{self.refund_id}"


class DepositTaken(Fact, frozen=True):
    """A customer left a deposit; `paid_from` is cash or the customer's capital account."""

    KIND = "deposit_taken"
    deposit_id: str
    account: str
    currency: str
    amount_minor: int
    paid_from: str
    operator: str

    def identity(self) -> str:
        """A deposit is taken once."""
        return f"deposit/{self.deposit_id}"


class AccountClosed(Fact, frozen=True):
    """A customer has left: everything that was kept pays what is owed, the rest is paid out.

    `kept` is account of the chart -> minor units, all of them; `debt_minor` is all that was owed.
    """

    KIND = "account_closed"
    closing_id: str
    account: str
    currency: str
    kept: dict[str, int]
    debt_minor: int
    paid_out_minor: int
    paid_to: str
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """An account is closed once."""
        return f"closed/{self.account}"


class CreditLeft(Fact, frozen=True):
    """Energy was left in a meter that is taken out for good, and two persons say what becomes of it
    (E14, F055, F158). It stands beside the meter's last reading and its end.

    `expected_wh` is purchases less consumption as known here. `treatment` is one of TREATMENTS:
    "paid", then `worth_minor` goes to the capital account of the customer, or "given_up".
    """

    KIND = "credit_left"
    meter: str
    account: str
    currency: str
    energy_wh: int
    expected_wh: int
    treatment: str
    worth_minor: int
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """What was left in a meter is settled once."""
        return f"credit_left/{self.meter}"


FACTS: tuple[type[Fact], ...] = (
    TopUpReceived, TopUpCleared, TopUpBounced, MoneyTransferred, MoneyRefunded, DepositTaken,
    AccountClosed, CreditLeft,
)  # fmt: skip
