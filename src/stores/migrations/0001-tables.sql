-- Every noun of the model: addressed by tenant and id, with one column for each way to look it up besides.
-- `rev` counts replacements and guards conditional writes; rows whose `expires_at` (epoch ms) lies behind are dead.
-- Indexes end in `id` only where a value has many rows that are paged through; the others stay small.
-- Written so that SQLite and PostgreSQL both take it.

CREATE TABLE tenants (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX tenants_expires_at ON tenants (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE applications (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX applications_expires_at ON applications (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE apis (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX apis_expires_at ON apis (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE users (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_email TEXT,
  ix_username TEXT,
  ix_phone TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX users_ix_email ON users (tenant, ix_email) WHERE ix_email IS NOT NULL;
CREATE UNIQUE INDEX users_ix_username ON users (tenant, ix_username) WHERE ix_username IS NOT NULL;
CREATE INDEX users_ix_phone ON users (tenant, ix_phone, id) WHERE ix_phone IS NOT NULL;
CREATE INDEX users_expires_at ON users (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE authenticators (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_user TEXT,
  ix_target TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX authenticators_ix_user ON authenticators (tenant, ix_user) WHERE ix_user IS NOT NULL;
CREATE INDEX authenticators_ix_target ON authenticators (tenant, ix_target) WHERE ix_target IS NOT NULL;
CREATE INDEX authenticators_expires_at ON authenticators (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE tickets (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_user TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX tickets_ix_user ON tickets (tenant, ix_user) WHERE ix_user IS NOT NULL;
CREATE INDEX tickets_expires_at ON tickets (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE challenges (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_flow TEXT,
  ix_user TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX challenges_ix_flow ON challenges (tenant, ix_flow) WHERE ix_flow IS NOT NULL;
CREATE INDEX challenges_ix_user ON challenges (tenant, ix_user) WHERE ix_user IS NOT NULL;
CREATE INDEX challenges_expires_at ON challenges (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE budgets (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX budgets_expires_at ON budgets (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE events (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_user TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX events_ix_user ON events (tenant, ix_user, id) WHERE ix_user IS NOT NULL;
CREATE INDEX events_expires_at ON events (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE messages (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_state TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX messages_ix_state ON messages (tenant, ix_state, id) WHERE ix_state IS NOT NULL;
CREATE INDEX messages_expires_at ON messages (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE artifacts (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_grant TEXT,
  ix_uid TEXT,
  ix_user_code TEXT,
  ix_user TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX artifacts_ix_grant ON artifacts (tenant, ix_grant) WHERE ix_grant IS NOT NULL;
CREATE INDEX artifacts_ix_uid ON artifacts (tenant, ix_uid) WHERE ix_uid IS NOT NULL;
CREATE INDEX artifacts_ix_user_code ON artifacts (tenant, ix_user_code) WHERE ix_user_code IS NOT NULL;
CREATE INDEX artifacts_ix_user ON artifacts (tenant, ix_user) WHERE ix_user IS NOT NULL;
CREATE INDEX artifacts_expires_at ON artifacts (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE signing_keys (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX signing_keys_expires_at ON signing_keys (expires_at) WHERE expires_at IS NOT NULL;
