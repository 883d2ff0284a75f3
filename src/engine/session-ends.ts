import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Write } from '#ports/store.ts'
import { queueMessage } from './messages/queue.ts'
import type { Parts } from './parts.ts'

const model = 'BrowserSession'

/** How one application's tokens spell issuer and person, and whether it wants to be told when the session ends. */
export interface KnownAs {
  readonly issuer: string
  readonly subject: string
  readonly told?: true
}

/** Of a session of a browser, what those who are told of its end need. */
interface Ended {
  readonly seed: string
  readonly known: Readonly<Record<string, KnownAs>>
}

/** What an application is told; becomes a signed token when it is sent. */
export interface SessionEnd {
  readonly issuer: string
  readonly subject: string
  readonly sid: string
}

/** `sid`: names a session to one application, and to nobody else. */
export const sessionIdFor = ({ seed }: Pick<Ended, 'seed'>, application: string): string =>
  tokenDigest(`${seed} ${application}`).slice(0, 32)

/**
 * The writes that tell applications of sessions that end in this change (OpenID Connect Back-Channel Logout section 2.5):
 * through the outbox like every message, so that none is lost with the process. `ended`: any artifacts; only sessions count.
 */
export function logoutMessages(
  parts: Pick<Parts, 'clock' | 'random' | 'keyring'>,
  ended: readonly Artifact[],
): readonly Write[] {
  return ended
    .filter((it) => it.model === model)
    .flatMap((it) => {
      const session = it.payload as unknown as Ended
      return Object.entries(session.known ?? {})
        .filter(([, as]) => as.told === true)
        .map(([application, { issuer, subject }]) => {
          const end: SessionEnd = { issuer, subject, sid: sessionIdFor(session, application) }
          const said = { subject: '', text: JSON.stringify(end) }
          return queueMessage(parts, { id: it.tenant }, { channel: 'logout', to: application, purpose: 'logout', said })
        })
    })
}
