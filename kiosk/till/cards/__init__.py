"""The verbs of cards outside sales: look, plan a work, carry it out, hot list, cases, stock.

A work is planned first (what will be written, on which card, what it costs) so that a person can
read it before it is done; `work.carry_out` writes the intention, touches the card and writes the
outcome. Invariants: the card is the witness; one purchase number never gives energy twice; nothing
is done to a card whose sale or work is open.
"""
