-- Money on customers' cards, and cards that are not what they should be.

CREATE TABLE account_moves (
  move_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  card TEXT NOT NULL,
  account TEXT NOT NULL,
  meter TEXT NOT NULL,
  station TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  number INTEGER NOT NULL,
  balance_minor INTEGER NOT NULL,
  previous BLOB NOT NULL,
  mark BLOB NOT NULL,
  committed_ms INTEGER NOT NULL,
  ended INTEGER,
  PRIMARY KEY (move_id),
  CHECK (state IN ('committed', 'moved', 'undone')),
  CHECK (kind IN ('top_up', 'spend')),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX account_moves_card ON account_moves (card, number);
CREATE INDEX account_moves_state ON account_moves (state);

CREATE TABLE suspicions (
  case_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  reason TEXT NOT NULL,
  serial TEXT NOT NULL,
  card_number TEXT NOT NULL,
  meter TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  closed INTEGER,
  finding TEXT DEFAULT '' NOT NULL,
  PRIMARY KEY (case_id),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX suspicions_serial ON suspicions (serial);

-- What the ledger knows of a card is asked before each sale to it.
CREATE INDEX sales_card ON sales (card, purchase_number);
