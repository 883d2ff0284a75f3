import type { TenantId } from '#model/ids.ts'
import type { Message, MessageChannel } from '#model/message.ts'
import type { Keyring } from '#ports/keyring.ts'
import { remove, type Store } from '#ports/store.ts'

/** A sent message as `GET /dev/outbox` shows it (operating.md section 5). */
export interface OutboxMessage {
  readonly id: string
  /** ISO 8601. */
  readonly at: string
  readonly tenant: string
  readonly channel: MessageChannel
  readonly to: string
  readonly purpose: string
  readonly text: string
  readonly code: string | null
}

export interface OutboxFilter {
  readonly to?: string
  readonly channel?: string
  /** ISO 8601 or epoch ms: sent after it. Anything else: the id of a message, those after it. */
  readonly after?: string
}

export interface Outbox {
  /** Newest first; at most the 1,000 newest of each tenant are looked at. */
  readonly list: (filter: OutboxFilter) => Promise<readonly OutboxMessage[]>
  readonly clear: () => Promise<void>
}

/** Reads the messages that development keeps readable after sending. */
export function createOutbox({ store, keyring }: { store: Store; keyring: Keyring }): Outbox {
  const sent = (tenant: TenantId) =>
    store.list('messages', tenant, { by: { index: 'state', value: 'sent' }, limit: 1_000, descending: true })
  return {
    async list(filter) {
      const tenants = await store.everyTenant()
      const rows = (await Promise.all(tenants.map(sent))).flat().sort(newestFirst)
      const matches = matcher(filter)
      // Of the same millisecond only the order of ids is known, so both decide.
      return rows.flatMap((row) => reveal(keyring, row) ?? []).filter(matches)
    },
    async clear() {
      for (const tenant of await store.everyTenant()) {
        for (let rows = await sent(tenant); rows.length > 0; rows = await sent(tenant)) {
          const writes = rows.map(({ id }) => remove('messages', tenant, id))
          await store.change({}, () => ({ result: undefined, writes }))
        }
      }
    },
  }
}

function newestFirst(a: Message, b: Message): number {
  return b.at - a.at || (a.id < b.id ? 1 : -1)
}

function reveal(keyring: Keyring, row: Message): OutboxMessage | undefined {
  // What applications are told is no message to anybody.
  if (row.sealed === '' || row.channel === 'logout') return undefined
  try {
    const { to, text, code } = JSON.parse(keyring.openText(row.sealed, ['message', row.tenant, row.id]))
    const { id, tenant, channel, purpose } = row
    return { id, at: new Date(row.at).toISOString(), tenant, channel, to, purpose, text, code: code ?? null }
  } catch {
    // Sealed with a key that is gone: a deleted ./data/master key must not break the outbox.
    return undefined
  }
}

function matcher({ to, channel, after }: OutboxFilter): (message: OutboxMessage) => boolean {
  // An unescaped + of a phone number arrives as a space.
  const wanted = to
    ?.replace(/^ (?=\d)/, '+')
    .trim()
    .toLowerCase()
  const time = after === undefined ? Number.NaN : /^\d{9,15}$/.test(after) ? Number(after) : isoTime(after)
  return (message) =>
    (!wanted || message.to.toLowerCase() === wanted) &&
    (!channel || message.channel === channel) &&
    (!after || (Number.isNaN(time) ? message.id > after : Date.parse(message.at) > time))
}

function isoTime(text: string): number {
  // The + of a zone may have become a space too.
  return /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text.replace(' ', '+')) : Number.NaN
}
