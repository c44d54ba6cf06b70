-- What a meter counts: electricity, water, gas, time, or money for one of these.
ALTER TABLE meters ADD COLUMN credit_register TEXT DEFAULT 'electricity' NOT NULL;
