-- Tokens outside sales: engineering tokens, free units, replacements, key changes.
-- Their identifiers stand in `identifiers` beside those of the sales.

CREATE TABLE issued_tokens (
  issue_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL,
  operation TEXT NOT NULL,
  meter TEXT NOT NULL,
  station TEXT NOT NULL,
  first_sale TEXT NOT NULL,
  energy_wh INTEGER NOT NULL,
  tokens TEXT NOT NULL,
  committed_ms INTEGER NOT NULL,
  ended INTEGER,
  copies INTEGER DEFAULT 0 NOT NULL,
  key_changed INTEGER,
  PRIMARY KEY (issue_id),
  CHECK (state IN ('committed', 'issued', 'refused')),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX issued_tokens_meter ON issued_tokens (meter, sequence);
CREATE INDEX issued_tokens_state ON issued_tokens (state);
CREATE INDEX issued_tokens_sale ON issued_tokens (first_sale);
