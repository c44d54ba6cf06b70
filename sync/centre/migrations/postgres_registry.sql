CREATE TABLE catalogues (
  number BIGINT NOT NULL,
  issued BIGINT NOT NULL,
  content BYTEA NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE registry_entries (
  origin TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  content BYTEA NOT NULL,
  PRIMARY KEY (origin, sequence)
);
