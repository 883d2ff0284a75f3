-- What rates logins (SMART): how often values were shown, and the decisions that were made.

CREATE TABLE risk_counters (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_user TEXT,
  ix_distinct TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX risk_counters_ix_user ON risk_counters (tenant, ix_user, id) WHERE ix_user IS NOT NULL;
CREATE INDEX risk_counters_ix_distinct ON risk_counters (tenant, ix_distinct, id) WHERE ix_distinct IS NOT NULL;
CREATE INDEX risk_counters_expires_at ON risk_counters (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE risk_profiles (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX risk_profiles_expires_at ON risk_profiles (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE risk_totals (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX risk_totals_expires_at ON risk_totals (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE risk_decisions (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_user TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX risk_decisions_ix_user ON risk_decisions (tenant, ix_user, id) WHERE ix_user IS NOT NULL;
CREATE INDEX risk_decisions_expires_at ON risk_decisions (expires_at) WHERE expires_at IS NOT NULL;
