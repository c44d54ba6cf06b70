CREATE TABLE revocations (
  origin TEXT NOT NULL,
  reason TEXT NOT NULL,
  revoked_ms BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (origin)
);
