-- The first schema. kiosk/ledger/tables.py is its definition in SQLModel; tests/ledger compares both.
-- Forward only: a later change is a new file with the next number.

CREATE TABLE anchors (
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  centre TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (sequence)
) STRICT;

CREATE TABLE balances (
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (account, currency)
) WITHOUT ROWID, STRICT;

CREATE TABLE catalogues (
  number INTEGER NOT NULL,
  digest TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (number),
  UNIQUE (digest)
) STRICT;

CREATE TABLE customers (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  address TEXT NOT NULL,
  phone TEXT NOT NULL,
  PRIMARY KEY (account)
) STRICT;
CREATE INDEX customers_name ON customers (name_key);

CREATE TABLE entries (
  sequence INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  quality TEXT NOT NULL,
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  body BLOB NOT NULL,
  previous BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (sequence),
  CHECK (sequence > 0),
  CHECK (length(previous) = 32),
  CHECK (length(signature) = 64)
) STRICT;

CREATE TABLE head (
  id INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (id),
  CHECK (id = 1)
) STRICT;

CREATE TABLE held (
  payment TEXT NOT NULL,
  station TEXT NOT NULL,
  meter TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  PRIMARY KEY (payment)
) STRICT;

CREATE TABLE identifiers (
  meter TEXT NOT NULL,
  base_date INTEGER NOT NULL,
  key_revision INTEGER NOT NULL,
  identifier INTEGER NOT NULL,
  sale_id TEXT NOT NULL,
  PRIMARY KEY (meter, base_date, key_revision, identifier)
) WITHOUT ROWID, STRICT;

CREATE TABLE notes (
  payment TEXT NOT NULL,
  note INTEGER NOT NULL,
  state TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  station TEXT NOT NULL,
  device TEXT NOT NULL,
  meter TEXT NOT NULL,
  counter INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  PRIMARY KEY (payment, note),
  CHECK (state IN ('offered', 'stacked', 'returned', 'in_doubt'))
) WITHOUT ROWID, STRICT;
CREATE INDEX notes_state ON notes (state);

CREATE TABLE operators (
  operator TEXT NOT NULL,
  role TEXT NOT NULL,
  pin_hash TEXT NOT NULL,
  failures INTEGER DEFAULT 0 NOT NULL,
  last_failure_ms INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (operator)
) STRICT;

CREATE TABLE tariffs (
  digest TEXT NOT NULL,
  number INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (digest)
) STRICT;

CREATE TABLE identities (
  identity TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (identity),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) WITHOUT ROWID, STRICT;

CREATE TABLE meters (
  number TEXT NOT NULL,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  power_type TEXT NOT NULL,
  blocked INTEGER NOT NULL,
  phases INTEGER NOT NULL,
  supply_group TEXT NOT NULL,
  key_revision INTEGER NOT NULL,
  tariff_index INTEGER NOT NULL,
  key_type INTEGER NOT NULL,
  algorithm TEXT NOT NULL,
  base_date INTEGER NOT NULL,
  PRIMARY KEY (number),
  CHECK (kind IN ('keypad', 'card')),
  FOREIGN KEY(account) REFERENCES customers (account)
) STRICT;
CREATE INDEX meters_account ON meters (account);

CREATE TABLE postings (
  sequence INTEGER NOT NULL,
  line INTEGER NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (sequence, line),
  CHECK (amount <> 0),
  CHECK (state IN ('pending', 'posted', 'voided')),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) WITHOUT ROWID, STRICT;
CREATE INDEX postings_account ON postings (account, currency);

CREATE TABLE sales (
  sale_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL,
  meter TEXT NOT NULL,
  account TEXT NOT NULL,
  card TEXT,
  station TEXT NOT NULL,
  operator TEXT NOT NULL,
  face TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  energy_wh INTEGER NOT NULL,
  token TEXT,
  purchase_number INTEGER,
  committed_ms INTEGER NOT NULL,
  ended INTEGER,
  copies INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (sale_id),
  CHECK (state IN ('paid', 'delivered', 'voided', 'in_doubt')),
  CHECK (amount_minor > 0 AND energy_wh > 0),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX sales_account ON sales (account, sequence);
CREATE INDEX sales_meter ON sales (meter, sequence);
CREATE INDEX sales_state ON sales (state);

CREATE TABLE cards (
  number TEXT NOT NULL,
  serial TEXT NOT NULL,
  meter TEXT NOT NULL,
  issue INTEGER NOT NULL,
  PRIMARY KEY (number),
  UNIQUE (serial),
  FOREIGN KEY(meter) REFERENCES meters (number)
) STRICT;
CREATE INDEX cards_meter ON cards (meter);

CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is never changed: write a new fact'); END;

CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is never changed: write a new fact'); END;

CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'the journal is never changed: write a new fact'); END;

CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'the journal is never changed: write a new fact'); END;
