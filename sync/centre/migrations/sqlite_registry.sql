CREATE TABLE catalogues (
  number INTEGER NOT NULL,
  issued INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (number)
)
 STRICT;

CREATE TABLE registry_entries (
  origin TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (origin, sequence)
)
 WITHOUT ROWID,
 STRICT;
