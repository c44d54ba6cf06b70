CREATE TABLE alarms (
  origin TEXT NOT NULL,
  code TEXT NOT NULL,
  sentence TEXT NOT NULL,
  times INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  PRIMARY KEY (origin, code)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE balances (
  origin TEXT NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (origin, account, currency)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE books (
  origin TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  open_sales INTEGER NOT NULL,
  in_doubt INTEGER NOT NULL,
  open_content BLOB NOT NULL,
  PRIMARY KEY (origin)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE centre (
  id INTEGER NOT NULL,
  schema_version INTEGER NOT NULL,
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  lanes INTEGER NOT NULL,
  PRIMARY KEY (id),
  CHECK (id = 1)
)
 STRICT;

CREATE TABLE codes (
  origin TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (origin)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE entries (
  origin TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (origin, sequence)
)
 STRICT;

CREATE TABLE origins (
  origin TEXT NOT NULL,
  public_key BLOB NOT NULL,
  residue INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  received_ms INTEGER NOT NULL,
  frozen INTEGER NOT NULL,
  PRIMARY KEY (origin),
  CHECK (length(digest) = 32),
  UNIQUE (residue)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE shelf (
  origin TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (origin, sequence)
)
 WITHOUT ROWID,
 STRICT;

CREATE TABLE totals (
  origin TEXT NOT NULL,
  currency TEXT NOT NULL,
  sales INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  voided INTEGER NOT NULL,
  sold_minor INTEGER NOT NULL,
  delivered_minor INTEGER NOT NULL,
  voided_minor INTEGER NOT NULL,
  delivered_wh INTEGER NOT NULL,
  PRIMARY KEY (origin, currency)
)
 WITHOUT ROWID,
 STRICT;
