-- Operators may have a card, and may leave; refused sign-ins are counted for the whole terminal.
ALTER TABLE operators ADD COLUMN card TEXT DEFAULT '' NOT NULL;
ALTER TABLE operators ADD COLUMN retired INTEGER DEFAULT 0 NOT NULL;

CREATE TABLE refused_sign_ins (
  sequence INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (sequence)
) STRICT;

CREATE INDEX refused_sign_ins_time ON refused_sign_ins (time_ms);
