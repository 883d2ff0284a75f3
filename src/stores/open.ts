import { type Store, StoreUnavailable } from '#ports/store.ts'
import { withAuditFeed } from './audit-feed.ts'

/** File behind each scheme; a driver that is not asked for is never loaded. */
const files: Readonly<Record<string, string>> = { sqlite: 'sqlite', postgres: 'postgres', postgresql: 'postgres' }

/**
 * Opens the store a DATABASE_URL names, migrated and ready. Audit events written through it are queued for their chain.
 * Throws StoreUnavailable, in words for an operator, when the scheme is unknown or the database cannot be used.
 */
export async function openStore(url: string): Promise<Store> {
  const scheme = /^([a-z]+):/.exec(url)?.[1] ?? ''
  const file = Object.hasOwn(files, scheme) ? files[scheme] : undefined
  if (!file) {
    throw new StoreUnavailable(
      'DATABASE_URL should begin with "sqlite:" (such as sqlite:./data/polyfactor.db) or "postgres://"',
    )
  }
  const { open } = (await import(`./${file}.ts`)) as { open(url: string): Promise<Store> }
  return withAuditFeed(await open(url))
}
