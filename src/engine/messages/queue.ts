import type { MessageChannel, OutboxChannel } from '#model/message.ts'
import type { CodeKind } from '#model/message-texts.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import type { Alert } from '#ports/factor.ts'
import { insert, type Write } from '#ports/store.ts'
import { canonicalPhone } from '../addresses.ts'
import type { Parts } from '../parts.ts'
import { timeId } from '../time-id.ts'
import { alertSaid, codeSaid, noticeSaid } from './compose.ts'
import type { Reader } from './language.ts'
import type { MessagePurpose, NoticeCause, Said } from './texts.ts'

export interface Draft {
  readonly channel: OutboxChannel
  readonly to: string
  readonly purpose: MessagePurpose
  readonly said: Said
  readonly code?: string
  /** What the channel encrypts it with. */
  readonly keys?: Readonly<Record<string, string>>
  /** Digest of the challenge it serves. */
  readonly challenge?: string
}

/** How long a queued message is worth sending, ms. */
const shelfLife = 24 * 3_600_000

/** The write that queues a message; its text is sealed, so that a dump of the store holds no code (S-34). */
export function queueMessage(
  parts: Pick<Parts, 'clock' | 'random' | 'keyring'>,
  tenant: Pick<Tenant, 'id'>,
  draft: Draft,
): Write {
  const at = parts.clock.now()
  const id = timeId(at, parts.random)
  const { to, said, code, keys } = draft
  const sealed = parts.keyring.seal(JSON.stringify({ to, ...said, code, keys }), ['message', tenant.id, id])
  return insert('messages', {
    tenant: tenant.id,
    id,
    at,
    channel: draft.channel,
    purpose: draft.purpose,
    sealed,
    state: 'queued',
    attempts: 0,
    challenge: draft.challenge,
    expiresAt: at + shelfLife,
  })
}

/**
 * A message that carries a code, spoken where the channel is a voice, in the language of who reads it: a caller of the
 * engine says what it knows of that, `user` who it is. `lifetime` in seconds.
 */
export function codeMessage(
  parts: Parts,
  reader: Omit<Reader, 'user'>,
  it: {
    readonly channel: MessageChannel
    readonly to: string
    readonly purpose: CodeKind
    readonly code: string
    readonly lifetime: number
    readonly challenge?: string
    readonly user?: Reader['user']
  },
): Write {
  const { tenant, locales, speaks } = reader
  const said = codeSaid({ tenant, locales, speaks, user: it.user }, it.channel, it.purpose, it.code, it.lifetime)
  const { user: _reader, ...draft } = it
  return queueMessage(parts, tenant, { ...draft, said })
}

/** A word to a device that it is waited for. It says whose server asks and nothing else: what is asked, it fetches (S-88). */
export const alertMessage = (parts: Parts, tenant: Tenant, { to, keys }: Alert, challenge: string): Write =>
  queueMessage(parts, tenant, { channel: 'push', to, purpose: 'login', said: alertSaid({ tenant }), keys, challenge })

/**
 * Notices to every address of a user that is known to be theirs, mailbox and phone, and to those of `before`, so that
 * whoever loses an address hears of it (S-64). A number the tenant sends nothing to gets none (S-75). Empty when there
 * is no verified address, or no channel to it. In the user's own language or the tenant's: what whoever caused it speaks
 * must not make it unreadable to its owner.
 */
export function notify(
  parts: Parts,
  tenant: Tenant,
  user: User,
  cause: NoticeCause,
  detail?: string,
  before: User = user,
): readonly Write[] {
  const said = (channel: 'email' | 'sms') => noticeSaid({ tenant, user }, channel, cause, detail)
  const to = (channel: 'email' | 'sms', addresses: readonly (string | undefined)[]) =>
    [...new Set(addresses)]
      .filter((it) => it !== undefined && parts.channels.has(channel))
      .map((it) => queueMessage(parts, tenant, { channel, to: it as string, purpose: 'notice', said: said(channel) }))
  const mailbox = (it: User) => (it.emailVerified ? it.email : undefined)
  const phone = (it: User) => (it.phoneVerified ? canonicalPhone(tenant, it.phoneNumber).yes : undefined)
  return [...to('email', [mailbox(before), mailbox(user)]), ...to('sms', [phone(before), phone(user)])]
}
