-- Two roles, so that the audit trail can only be added to by the server (security contract S-147).
--
-- The owner made the tables: start the server once under it, and after each update (it migrates). From then on the
-- server runs under the role `polyfactor_server`, which may read and add audit rows and never change or delete one.
-- Retention is the owner's then: leave `audit.retention_days` out of the configuration, and call from cron, with the
-- owner's DATABASE_URL:  polyfactor audit retain --days 400
--
--   psql "$OWNER_URL" -v password="'…'" -f append-only.sql
--
-- Run it again after an update: new tables are granted then.

SELECT format('CREATE ROLE polyfactor_server LOGIN PASSWORD %L', :password)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'polyfactor_server') \gexec

GRANT USAGE ON SCHEMA public TO polyfactor_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO polyfactor_server;
REVOKE UPDATE, DELETE, TRUNCATE ON events, audit_blocks FROM polyfactor_server;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON schema_migrations FROM polyfactor_server;
