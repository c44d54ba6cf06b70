-- Customers' own money, debts, bills of old meters, and sales that were undone or priced again.
-- All of it is drawn from the journal; kiosk/ledger/account_tables.py is its definition in SQLModel.

CREATE TABLE account_events (
  account TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (account, sequence),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) WITHOUT ROWID, STRICT;

CREATE TABLE top_ups (
  top_up_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL,
  account TEXT NOT NULL,
  method TEXT NOT NULL,
  reference TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  spendable INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (top_up_id),
  CHECK (state IN ('received', 'cleared', 'bounced')),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX top_ups_account ON top_ups (account, sequence);
CREATE INDEX top_ups_reference ON top_ups (method, reference);

CREATE TABLE debts (
  debt_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  dated_ms INTEGER NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  paid_minor INTEGER NOT NULL,
  written_off_minor INTEGER NOT NULL,
  PRIMARY KEY (debt_id),
  CHECK (paid_minor >= 0 AND paid_minor + written_off_minor <= amount_minor),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX debts_account ON debts (account, currency);

-- What a fact has paid of each debt, so that undoing it gives back exactly that.
CREATE TABLE debt_takings (
  sequence INTEGER NOT NULL,
  debt_id TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  PRIMARY KEY (sequence, debt_id),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) WITHOUT ROWID, STRICT;

-- What was paid beyond all debts; the next debt takes it first.
CREATE TABLE debt_credits (
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  PRIMARY KEY (account, currency),
  CHECK (amount_minor > 0)
) WITHOUT ROWID, STRICT;

CREATE TABLE debt_plans (
  account TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  rule TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  share_ppm INTEGER NOT NULL,
  debt_order TEXT NOT NULL,
  PRIMARY KEY (account),
  CHECK (rule IN ('fixed', 'share', 'tariff')),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;

CREATE TABLE bills (
  bill_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  meter TEXT NOT NULL,
  period TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  paid_minor INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  late_fee_minor INTEGER NOT NULL,
  late_fee_paid_minor INTEGER NOT NULL,
  PRIMARY KEY (bill_id),
  CHECK (paid_minor >= 0 AND paid_minor <= amount_minor),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;
CREATE INDEX bills_account ON bills (account, sequence);

CREATE TABLE undone_sales (
  sale_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (sale_id),
  CHECK (state IN ('intended', 'reversed', 'reallocated')),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;

CREATE TABLE rerated_sales (
  sale_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  tariff_digest TEXT NOT NULL,
  difference_minor INTEGER NOT NULL,
  PRIMARY KEY (sale_id),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;

CREATE TABLE closed_accounts (
  account TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (account),
  FOREIGN KEY(sequence) REFERENCES entries (sequence)
) STRICT;

-- A journal from before: its debts came with catalogues and were paid off by sales, oldest first.
-- Payments and debts of an account lie one after the other on two lines; where they overlap, the
-- payment has paid the debt.
INSERT INTO debts (debt_id, sequence, account, kind, dated_ms, currency, amount_minor, paid_minor,
  written_off_minor)
SELECT sequence || '/' || substr(account, 12), sequence, substr(account, 12), 'opening', time_ms,
  currency, amount, 0, 0
FROM postings JOIN entries USING (sequence) WHERE account LIKE 'receivable:%' AND amount > 0;

CREATE TEMP TABLE paid_before AS
SELECT sequence, substr(account, 12) AS account, currency, -amount AS amount,
  sum(-amount) OVER (PARTITION BY account, currency ORDER BY sequence) AS upto
FROM postings WHERE account LIKE 'receivable:%' AND amount < 0;

CREATE TEMP TABLE owed_before AS
SELECT debt_id, sequence, account, currency, amount_minor AS amount,
  sum(amount_minor) OVER (PARTITION BY account, currency ORDER BY sequence) AS upto FROM debts;

INSERT INTO debt_takings (sequence, debt_id, amount_minor)
SELECT max(p.sequence, d.sequence), d.debt_id,
  sum(min(p.upto, d.upto) - max(p.upto - p.amount, d.upto - d.amount))
FROM paid_before AS p JOIN owed_before AS d USING (account, currency)
WHERE min(p.upto, d.upto) > max(p.upto - p.amount, d.upto - d.amount)
GROUP BY max(p.sequence, d.sequence), d.debt_id;

UPDATE debts SET paid_minor = coalesce(
  (SELECT sum(t.amount_minor) FROM debt_takings AS t WHERE t.debt_id = debts.debt_id), 0);

INSERT INTO debt_credits (account, currency, amount_minor)
SELECT substr(account, 12), currency, -sum(amount) FROM postings
WHERE account LIKE 'receivable:%' GROUP BY account, currency HAVING sum(amount) < 0;

DROP TABLE paid_before;
DROP TABLE owed_before;
