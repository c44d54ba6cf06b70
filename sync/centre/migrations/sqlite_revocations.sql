CREATE TABLE revocations (
  origin TEXT NOT NULL,
  reason TEXT NOT NULL,
  revoked_ms INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (origin)
)
 WITHOUT ROWID,
 STRICT;
