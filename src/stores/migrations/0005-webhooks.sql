-- Where events are sent to, and each event on its way there.
CREATE TABLE webhooks (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX webhooks_expires_at ON webhooks (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE webhook_calls (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  ix_state TEXT,
  ix_webhook TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX webhook_calls_ix_state ON webhook_calls (tenant, ix_state) WHERE ix_state IS NOT NULL;
CREATE INDEX webhook_calls_ix_webhook ON webhook_calls (tenant, ix_webhook, id) WHERE ix_webhook IS NOT NULL;
CREATE INDEX webhook_calls_expires_at ON webhook_calls (expires_at) WHERE expires_at IS NOT NULL;
