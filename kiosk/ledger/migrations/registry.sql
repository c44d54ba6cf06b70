-- The registry: what came down and what was registered or amended here, told apart; readings,
-- replaced meters, and the search. kiosk/ledger/registry_migration.py draws the rows again.

ALTER TABLE customers ADD COLUMN area TEXT DEFAULT '' NOT NULL;
ALTER TABLE customers ADD COLUMN catalogue INTEGER DEFAULT 0 NOT NULL;

ALTER TABLE meters ADD COLUMN shares TEXT DEFAULT '[]' NOT NULL;
ALTER TABLE meters ADD COLUMN capacity_w INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE meters ADD COLUMN retired INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE meters ADD COLUMN replaced_by TEXT DEFAULT '' NOT NULL;
ALTER TABLE meters ADD COLUMN next_power_type TEXT DEFAULT '' NOT NULL;
ALTER TABLE meters ADD COLUMN next_power_type_ms INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE meters ADD COLUMN catalogue INTEGER DEFAULT 0 NOT NULL;

ALTER TABLE cards ADD COLUMN catalogue INTEGER DEFAULT 0 NOT NULL;

CREATE INDEX sales_sequence ON sales (sequence);
CREATE INDEX sales_time ON sales (committed_ms);

CREATE TABLE amendments (
  sequence INTEGER NOT NULL,
  line INTEGER NOT NULL,
  subject TEXT NOT NULL,
  number TEXT NOT NULL,
  field TEXT NOT NULL,
  old TEXT NOT NULL,
  new TEXT NOT NULL,
  reason TEXT NOT NULL,
  operator TEXT NOT NULL,
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (sequence, line),
  CHECK (subject IN ('customer', 'meter', 'card'))
) WITHOUT ROWID, STRICT;
CREATE INDEX amendments_record ON amendments (subject, number, sequence);

CREATE TABLE installations (
  meter TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  place TEXT NOT NULL,
  installed_on TEXT NOT NULL,
  reading_wh INTEGER NOT NULL,
  seals TEXT NOT NULL,
  operator TEXT NOT NULL,
  PRIMARY KEY (meter)
) STRICT;

CREATE TABLE readings (
  reading_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  meter TEXT NOT NULL,
  source TEXT NOT NULL,
  reading_wh INTEGER NOT NULL,
  remaining_wh INTEGER,
  read_ms INTEGER NOT NULL,
  operator TEXT NOT NULL,
  PRIMARY KEY (reading_id)
) STRICT;
CREATE INDEX readings_meter ON readings (meter, sequence);

CREATE TABLE replacements (
  replacement_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  meter TEXT NOT NULL,
  new_meter TEXT NOT NULL,
  account TEXT NOT NULL,
  remaining_wh INTEGER NOT NULL,
  moved_wh INTEGER NOT NULL,
  worth_minor INTEGER NOT NULL,
  PRIMARY KEY (replacement_id),
  UNIQUE (meter)
) STRICT;
CREATE INDEX replacements_new_meter ON replacements (new_meter);

-- One row a customer: everything that a search may name, folded to small letters without accents.
CREATE TABLE registry_index (
  id INTEGER NOT NULL,
  account TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account)
) STRICT;

CREATE VIRTUAL TABLE registry_search
  USING fts5(content, content='registry_index', content_rowid='id', tokenize='trigram');

CREATE TRIGGER registry_index_added AFTER INSERT ON registry_index
BEGIN
  INSERT INTO registry_search (rowid, content) VALUES (new.id, new.content);
END;

CREATE TRIGGER registry_index_changed AFTER UPDATE OF content ON registry_index
BEGIN
  INSERT INTO registry_search (registry_search, rowid, content)
    VALUES ('delete', old.id, old.content);
  INSERT INTO registry_search (rowid, content) VALUES (new.id, new.content);
END;
