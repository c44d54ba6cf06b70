-- Copies of the slips of money on cards; what a card that is out of use held and gave back.
ALTER TABLE account_moves ADD COLUMN copies INTEGER DEFAULT 0 NOT NULL;

CREATE TABLE returned_card_money (
  card TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  return_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  previous BLOB NOT NULL,
  mark BLOB NOT NULL,
  PRIMARY KEY (card),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
