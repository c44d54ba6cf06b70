-- The class of a customer: which lines of the preferential price sheet are for whom.

ALTER TABLE customers ADD COLUMN customer_class TEXT DEFAULT '' NOT NULL;
