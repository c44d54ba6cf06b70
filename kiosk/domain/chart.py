"""The chart of accounts. A debit is positive, a credit negative.

Every fact posts zero per currency.

Energy is booked in its own currency, WH, so that what was paid for and what was carried away can be
compared at every level.
"""

from __future__ import annotations

ENERGY_CURRENCY = "WH"

#: Money taken for value that is not delivered yet: one account, so its balance is the exposure.
SALES_PENDING = "sales_pending"
#: Fees for cards that are not made yet; its balance is what such cards wait for.
CARDS_PENDING = "cards_pending"
#: Notes in the box of a kiosk whose payment has not become a sale.
HELD_NOTES = "held_notes"
#: Debts as the catalogue brought them in; the other side of every opening receivable.
OPENING_DEBTS = "opening_debts"
#: Energy given by rounding; money of a rounding line is always zero.
ROUNDING = "rounding"
#: Energy that has left by token or card; the other side is `meter_energy`.
ENERGY_ISSUED = "energy_issued"

#: Money taken for a top-up that the card does not show yet.
CARD_ACCOUNTS_PENDING = "card_accounts_pending"

#: Energy given away on purpose, and energy given again for a token that did not work.
FREE_ENERGY, REPLACED_ENERGY = "free_energy", "replaced_energy"

#: Credit of water, gas, time or money that was given to meters; each register has its currency.
FREE_CREDIT = "free_credit"

#: Energy on its way from a meter that was taken out to the one in its place; zero when it arrived.
ENERGY_IN_TRANSFER = "energy_in_transfer"
#: Energy that was left in a meter when it was taken out, and did not go on to another as energy.
ENERGY_TAKEN_BACK = "energy_taken_back"


#: Money that has arrived at the utility's bank.
BANK = "bank"
#: Bills of old meters as the billing system issued them; the other side of what is to be collected.
BILLED = "billed"
#: Debts that nobody will pay any more.
WRITTEN_OFF = "written_off"
#: Value that was moved to the right customer while the wrong meter may still take the energy.
REALLOCATED = "reallocated"
#: What prices that were known too late have cost the utility, or brought it (E11).
TARIFF_VARIANCE = "tariff_variance"


def carried_from(origin: str) -> str:
    """The other side of balances that were brought forward from the journal of `origin`."""
    return f"carried_from:{origin}"


def cash(holder: str) -> str:
    """Cash in the hands of a person's drawer or a note box: `holder` names it."""
    return f"cash:{holder}"


def revenue(code: str) -> str:
    """The utility's own income of one kind."""
    return f"revenue:{code}"


def levy(code: str) -> str:
    """Money collected for somebody else."""
    return f"levy:{code}"


def tax(code: str) -> str:
    """Tax owed to the state."""
    return f"tax:{code}"


def receivable(account: str) -> str:
    """What a customer owes."""
    return f"receivable:{account}"


def meter_account(meter: str) -> str:
    """Money kept for a meter: paid, and not yet turned into energy."""
    return f"meter_account:{meter}"


def card_account(account: str) -> str:
    """Money on the card of the customer with this account number; the card itself is the lock."""
    return f"card_account:{account}"


def meter_energy(meter: str) -> str:
    """Energy issued to a meter."""
    return f"meter_energy:{meter}"


def meter_credit(meter: str) -> str:
    """Credit that was issued to a meter whose register is not electricity."""
    return f"meter_credit:{meter}"


def credit_currency(register: str) -> str:
    """What credit of a register is booked in: the units of its tokens (0.1 m3, 0.1 minute, 0.00001
    of the currency), each register apart."""
    return f"{register.upper()}_UNITS"


def capital_account(account: str) -> str:
    """A customer's own money: paid in, and not yet spent (F065)."""
    return f"capital_account:{account}"


def uncleared_account(account: str) -> str:
    """Money that a customer has sent and that the bank has not confirmed."""
    return f"uncleared_account:{account}"


def in_clearing(method: str) -> str:
    """Cheques, transfers and e-payments on their way to the bank."""
    return f"in_clearing:{method}"


def deposit(account: str) -> str:
    """What a customer has left as a deposit; it goes back when the account is closed."""
    return f"deposit:{account}"


def bills_receivable(account: str) -> str:
    """What is still to be collected on the bills of an old meter."""
    return f"bills_receivable:{account}"


#: Accounts that hold somebody's money, which may be spent down to nothing and no further, and what
#: the name after the colon is.
PURSES = {
    "meter_account": "meter",
    "capital_account": "account",
    "uncleared_account": "account",
    "deposit": "account",
}

#: How the account of a purse begins.
PURSE_PREFIXES = tuple(f"{kind}:" for kind in PURSES)


def purse_of(account: str) -> str:
    """The kind of purse that `account` is, or nothing."""
    kind, colon, _ = account.partition(":")
    return kind if colon and kind in PURSES else ""
