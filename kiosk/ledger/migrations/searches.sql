-- Each search and each first page of a list goes by an index, whatever the number of rows.

-- Free tokens stand beside the paid one, and a key change has several: each by its own digits.
CREATE INDEX sales_token ON sales (substr(token, 1, 20));
CREATE INDEX sales_token_2 ON sales (substr(token, 22, 20)) WHERE length(token) > 20;
CREATE INDEX sales_token_3 ON sales (substr(token, 43, 20)) WHERE length(token) > 20;
CREATE INDEX sales_token_4 ON sales (substr(token, 64, 20)) WHERE length(token) > 20;
CREATE INDEX sales_token_5 ON sales (substr(token, 85, 20)) WHERE length(token) > 20;

CREATE INDEX issued_tokens_token ON issued_tokens (substr(tokens, 1, 20));
CREATE INDEX issued_tokens_token_2 ON issued_tokens (substr(tokens, 22, 20))
  WHERE length(tokens) > 20;
CREATE INDEX issued_tokens_token_3 ON issued_tokens (substr(tokens, 43, 20))
  WHERE length(tokens) > 20;
CREATE INDEX issued_tokens_token_4 ON issued_tokens (substr(tokens, 64, 20))
  WHERE length(tokens) > 20;

-- The newest first.
CREATE INDEX issued_tokens_sequence ON issued_tokens (sequence);
CREATE INDEX readings_sequence ON readings (sequence);

-- The history of a customer asks each table about an account or its meters.
CREATE INDEX account_moves_account ON account_moves (account);
CREATE INDEX suspicions_meter ON suspicions (meter);
CREATE INDEX card_cases_meter ON card_cases (meter);
