-- A credential of a user's key is registered once in a tenant, and found again by its name.
ALTER TABLE authenticators ADD COLUMN ix_key TEXT;
CREATE UNIQUE INDEX authenticators_ix_key ON authenticators (tenant, ix_key) WHERE ix_key IS NOT NULL;
