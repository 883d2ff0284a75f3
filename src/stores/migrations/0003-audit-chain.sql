-- The hash chain of audit events: what waits to be linked, and the blocks of rows with their signed heads.
CREATE TABLE audit_queue (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX audit_queue_expires_at ON audit_queue (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE audit_blocks (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  expires_at BIGINT,
  doc TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX audit_blocks_expires_at ON audit_blocks (expires_at) WHERE expires_at IS NOT NULL;

-- Events there are already go into the chain too. Tenants and ids of events hold nothing JSON would have to escape.
INSERT INTO audit_queue (tenant, id, rev, expires_at, doc)
SELECT tenant, id, 1, NULL, '{"tenant":"' || tenant || '","id":"' || id || '","events":[["' || id || '"]]}' FROM events;
