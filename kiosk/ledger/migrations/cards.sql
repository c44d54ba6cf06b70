-- Cards have a state and keep their history: a reissue gives the same number another chip.
-- Works on cards, cases for staff, stock of blank cards, readings by card.

CREATE TABLE cards_by_serial (
  serial TEXT NOT NULL,
  number TEXT NOT NULL,
  meter TEXT NOT NULL,
  issue INTEGER NOT NULL,
  state TEXT DEFAULT 'active' NOT NULL,
  reason TEXT DEFAULT '' NOT NULL,
  changed INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (serial),
  CHECK (state IN ('active', 'hot', 'lost', 'retired')),
  FOREIGN KEY(meter) REFERENCES meters (number)
) STRICT;
INSERT INTO cards_by_serial (serial, number, meter, issue)
  SELECT serial, number, meter, issue FROM cards;
DROP TABLE cards;
ALTER TABLE cards_by_serial RENAME TO cards;
CREATE INDEX cards_meter ON cards (meter);
CREATE INDEX cards_number ON cards (number);

CREATE TABLE card_works (
  work_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL,
  operation TEXT NOT NULL,
  meter TEXT NOT NULL,
  card_number TEXT NOT NULL,
  serial TEXT NOT NULL,
  family TEXT NOT NULL,
  issue INTEGER NOT NULL,
  replaces TEXT NOT NULL,
  station TEXT NOT NULL,
  sale_id TEXT NOT NULL,
  purchase_number INTEGER NOT NULL,
  energy_wh INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  content_sale TEXT NOT NULL,
  committed_ms INTEGER NOT NULL,
  ended INTEGER,
  copies INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (work_id),
  CHECK (state IN ('committed', 'done', 'undone', 'in_doubt')),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX card_works_meter ON card_works (meter, sequence);
CREATE INDEX card_works_state ON card_works (state);
CREATE INDEX card_works_sale ON card_works (sale_id);

CREATE TABLE card_cases (
  case_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  serial TEXT NOT NULL,
  meter TEXT NOT NULL,
  station TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  outcome TEXT DEFAULT '' NOT NULL,
  ended INTEGER,
  PRIMARY KEY (case_id),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX card_cases_serial ON card_cases (serial);

CREATE TABLE card_stock (
  family TEXT NOT NULL,
  received INTEGER DEFAULT 0 NOT NULL,
  issued INTEGER DEFAULT 0 NOT NULL,
  damaged INTEGER DEFAULT 0 NOT NULL,
  corrected INTEGER DEFAULT 0 NOT NULL,
  in_stock INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (family)
) STRICT;

CREATE TABLE card_readings (
  sequence INTEGER NOT NULL,
  meter TEXT NOT NULL,
  serial TEXT NOT NULL,
  purchase_number INTEGER NOT NULL,
  credited_wh INTEGER NOT NULL,
  left_wh INTEGER NOT NULL,
  left_minor INTEGER NOT NULL,
  overdraft_minor INTEGER NOT NULL,
  result INTEGER NOT NULL,
  read_ms INTEGER NOT NULL,
  PRIMARY KEY (sequence),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX card_readings_meter ON card_readings (meter, sequence);
