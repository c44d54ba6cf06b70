"""Every verb of the till that moves money, registry or tokens: one row each.

`menu` is the way from the first menu of a face: keys of sentences whose digit is pressed, and hands
(`@who` types the account, `@meter` the meter, `@enter` opens the first row, a digit is that key);
its last word is the key of a sentence that must stand there then.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.till.reach import Name


class Row(NamedTuple):
    """A verb: its command, its way in a face, its right, and the facts that it writes."""

    command: str
    menu: str
    right: str
    facts: str
    face: str = "cashier"


_PAGE = "account.menu account.title @who"
_MORE = f"{_PAGE} 0"
_METER = "registry.title registry.menu_meter @meter"
_SALE = "cashier.menu_sales @enter"
_TOKENS = "tokens.title"

VERBS: dict[Name, Row] = {
    # money
    ("account", "top_up"): Row(
        "account top-up", f"{_PAGE} account.menu_top_up account.ask_method", "accounts",
        "top_up_received"),
    ("account", "clear"): Row(
        "account clear", "account.menu account.menu_payments account.payments_keys", "accounts",
        "top_up_cleared"),
    ("account", "bounce"): Row(
        "account bounce", f"{_MORE} account.menu_payments account.payments_keys", "accounts",
        "top_up_bounced"),
    ("account", "transfer"): Row(
        "account transfer", f"{_PAGE} account.menu_transfer account.ask_target", "accounts",
        "money_transferred"),
    ("account", "refund"): Row(
        "refund", f"{_PAGE} account.menu_refund account.ask_from", "accounts", "money_refunded"),
    ("account", "take_deposit"): Row(
        "account deposit", f"{_MORE} account.menu_deposit account.ask_source", "accounts",
        "deposit_taken"),
    ("closing", "close"): Row(
        "account close", f"{_MORE} account.menu_close account.ask_payout", "accounts",
        "account_closed"),
    # debts and bills
    ("debt", "record"): Row(
        "account debt", f"{_PAGE} account.menu_debts 3 account.ask_debt_kind", "accounts",
        "debt_recorded"),
    ("debt", "pay"): Row(
        "account pay-debt", f"{_PAGE} account.menu_pay_debt account.ask_source", "accounts",
        "debt_paid"),
    ("debt", "write_off"): Row(
        "account write-off", f"{_MORE} account.menu_debts 2 account.do_write_off", "accounts",
        "debt_written_off"),
    ("debt", "agree_plan"): Row(
        "account plan", f"{_MORE} account.do_plan account.ask_rule", "approve", "debt_plan_set"),
    ("debt", "charge_interest"): Row(
        "account interest", "account.menu account.menu_interest account.ask_period", "approve",
        "debt_recorded"),
    ("bills", "add"): Row(
        "bills add", f"{_MORE} account.menu_add_bill account.ask_late_fee", "accounts",
        "bill_received"),
    ("bills", "take_file"): Row(
        "bills import", "account.menu account.menu_bills_file account.ask_file", "accounts",
        "bill_received"),
    ("bills", "collect"): Row(
        "bills collect", f"{_PAGE} account.menu_bills @enter account.ask_amount_all", "accounts",
        "bill_collected"),
    # sales and what comes after
    ("sell", "sell"): Row(
        "sell", "cashier.menu_find @meter @enter cashier.amount_keys", "sell", "sale_committed"),
    ("reverse", "reverse"): Row(
        "reverse", f"{_SALE} cashier.sale_keys", "undo", "reversal_intended sale_reversed"),
    ("reverse", "reallocate"): Row(
        "reallocate", f"{_SALE} 3 account.ask_consumed", "undo", "sale_reallocated"),
    ("rerate", "rerate"): Row(
        "rerate", f"{_SALE} 4 account.do_rerate", "approve", "sale_rerated"),
    ("rerate", "rerate_all"): Row(
        "rerate", "account.menu account.menu_rerate records.ask_from", "approve", "sale_rerated"),
    ("recover", "recover"): Row(
        "recover", "cashier.open_sales cashier.doubt_keys", "recover", "sale_delivered"),
    ("judge", "judge"): Row(
        "recover", "cashier.open_sales cashier.doubt_keys", "undo", "sale_delivered"),
    # customers and meters
    ("registration", "open_account"): Row(
        "customers open", "registry.title registry.menu_open registry.ask_name", "registry",
        "customer_registered meter_installed"),
    ("registration", "add_meter"): Row(
        "meters install", "registry.title registry.menu_add registry.ask_who", "registry",
        "meter_installed"),
    ("amend", "amend_customer"): Row(
        "customers amend", "registry.title registry.menu_amend registry.ask_who", "registry",
        "customer_amended"),
    ("amend", "change_power_type"): Row(
        "meters power-type", f"{_METER} registry.amend_power_type registry.ask_from", "registry",
        "meter_amended"),
    ("amend", "change_capacity"): Row(
        "meters capacity", f"{_METER} registry.amend_capacity registry.ask_capacity", "registry",
        "meter_amended"),
    ("amend", "set_shares"): Row(
        "meters shares", f"{_METER} registry.amend_shares registry.ask_shares", "registry",
        "shares_set"),
    ("amend", "block"): Row(
        "meters block", f"{_METER} registry.amend_block registry.ask_reason", "registry",
        "meter_amended"),
    ("amend", "unblock"): Row(
        "meters unblock", f"{_METER} registry.amend_block registry.ask_reason", "registry",
        "meter_amended"),
    ("amend", "read_meter"): Row(
        "meters read", f"{_METER} registry.amend_reading registry.ask_remaining", "registry",
        "meter_read"),
    ("replace", "replace_meter"): Row(
        "meters replace", "registry.title registry.menu_replace registry.ask_old_meter",
        "registry", "meter_replaced meter_installed meter_read"),
    ("replace", "finish_transfer"): Row(
        "meters finish", f"{_METER} registry.amend_transfer registry.menu_keys", "registry",
        "token_committed"),
    ("replace", "finish_for"): Row(
        "meters finish", f"{_METER} registry.amend_transfer registry.menu_keys", "registry",
        "token_committed"),
    ("replace", "cancel_meter"): Row(
        "meters cancel", "registry.title registry.menu_cancel registry.ask_old_meter", "registry",
        "meter_cancelled"),
    # tokens and keys: the technician's face
    ("tokens", "engineer"): Row(
        "tokens issue", f"{_TOKENS} tokens.menu_engineer tokens.form_keys", "engineer",
        "token_committed", "technician"),
    ("tokens", "meter_test"): Row(
        "tokens issue", f"{_TOKENS} tokens.menu_test tokens.form_keys", "engineer",
        "", "technician"),
    ("tokens", "give_free"): Row(
        "tokens issue", f"{_TOKENS} tokens.menu_free tokens.form_keys", "free",
        "token_committed", "technician"),
    ("credit", "give_credit"): Row(
        "tokens issue", f"{_TOKENS} tokens.menu_free tokens.form_keys", "free",
        "token_committed", "technician"),
    ("clinic", "replace"): Row(
        "tokens issue", f"{_TOKENS} tokens.menu_clinic tokens.form_keys", "free",
        "token_committed", "technician"),
    ("keys", "change_key"): Row(
        "keys change", f"{_TOKENS} tokens.menu_change tokens.form_keys", "keys",
        "token_committed", "technician"),
    ("keys", "confirm"): Row(
        "keys confirm", f"{_TOKENS} tokens.menu_confirm tokens.form_keys", "keys",
        "meter_key_changed", "technician"),
    ("keys", "load"): Row(
        "keys import", f"{_TOKENS} tokens.menu_import tokens.form_keys", "keys", "", "technician"),
}  # fmt: skip

#: Functions that write and are no verbs of their own, or verbs of other subjects, and why.
OTHERS: dict[str, str] = {
    "bills.take_in": "the part of add and take_file that writes",
    "card_accounts": "money on the card: tests/till/test_card_accounts.py",
    "card_account_paper": "copies of slips",
    "card_money_back": "money of a card out of use: tests/till/test_money_back.py",
    "cards": "the card room: tests/till/test_card_room.py",
    "clock": "no customer's",
    "copies": "no customer's",
    "deliver": "the steps of a sale",
    "free.grant": "beside a sale; only a refused PIN is written",
    "greet": "reads a card; a suspicion is written down",
    "hand_over": "the slip of a sale that was finished later",
    "money_of": "shared by the verbs of money",
    "operators": "who is signed in: tests/till/test_signing_in.py",
    "paper": "copies of slips",
    "recover.keep": "a step of recover",
    "recover.undo": "the page of a sale in doubt: tests/till/test_recovering.py",
    "rollover.begin": "keys.change_key by another name",
    "sell.card_delivery": "a step of a sale",
    "sell.card_payment": "a step of a sale",
    "staff": "operators: tests/till/test_signing_in.py",
    "suspicions": "cards under suspicion: tests/till/test_suspected_cards.py",
    "tariffs": "prices: tests/till/test_publishing_prices.py",
    "token_book": "copies of slips",
    "tokens.finish": "a step of a token",
    "tokens.issue": "a step of a token",
    "tokens.recover_tokens": "a step of recover",
    "transfer": "steps of replace and recover",
}


def is_known(name: Name) -> bool:
    """Whether the table or the list of others has this function."""
    whole = ".".join(name)
    return name in VERBS or any(whole == other or whole.startswith(f"{other}.") for other in OTHERS)
