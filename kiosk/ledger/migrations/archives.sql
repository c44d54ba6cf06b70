-- Runs of entries that an archive file holds instead of this ledger; each names its archive.

CREATE TABLE archived (
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  digest BLOB NOT NULL,
  archive INTEGER NOT NULL,
  PRIMARY KEY (first),
  CHECK (first > 1 AND last >= first),
  CHECK (length(digest) = 32)
) STRICT;
