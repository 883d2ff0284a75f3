import type { Answer, Trouble } from '#http/route.ts'
import type { Refusal, RefusalWord } from '#model/outcome.ts'
import type { RefusalBody, State } from './schemas.ts'

export const noStore = { 'cache-control': 'no-store' }

type Word = readonly [status: number, error: string, message: string]

/** Every refusal of the engine in the words of docs/hosted-api.md. */
const words: Readonly<Record<RefusalWord, Word>> = {
  'wrong-password': [400, 'wrong-password', 'The account or the password is wrong.'],
  'too-many-attempts': [429, 'too-many-attempts', 'Too many wrong attempts.'],
  'blocked-user': [403, 'blocked-user', 'The account is blocked.'],
  'weak-password': [400, 'weak-password', 'The password is not acceptable.'],
  taken: [409, 'taken', 'There is an account with this address already.'],
  'bad-email': [400, 'bad-email', 'The e-mail address is not acceptable.'],
  'stale-proof': [403, 'stale-proof', 'This needs a fresh proof.'],
  'more-proof': [200, 'more-proof', 'More is to be proved.'],
  'ticket-unknown': [409, 'flow-expired', 'The sign-in has to be begun again.'],
  'ticket-expired': [409, 'flow-expired', 'The sign-in has to be begun again.'],
  'ticket-of-other-client': [409, 'flow-expired', 'The sign-in has to be begun again.'],
  'no-factor-available': [403, 'no-factor-available', 'None of the account’s factors can be used here.'],
  'policy-unavailable': [503, 'busy', 'Policy could not be asked.'],
  'risk-too-high': [403, 'risk-too-high', 'This sign-in looks too unusual to be let through.'],
  'challenge-unknown': [400, 'challenge-expired', 'This was not asked, or is over.'],
  'challenge-expired': [400, 'challenge-expired', 'The code is too old.'],
  'challenge-of-other-flow': [400, 'challenge-expired', 'This was not asked, or is over.'],
  'proof-missing': [400, 'malformed', 'A proof is needed.'],
  'wrong-proof': [400, 'wrong-proof', 'That was not right.'],
  waiting: [400, 'waiting', 'Not answered yet.'],
  'slow-down': [400, 'slow-down', 'Asked too soon; wait 5 seconds.'],
  declined: [400, 'declined', 'The request was declined on the device.'],
  'not-enrolled': [409, 'not-now', 'There is no such factor.'],
  'not-enrolled-with': [409, 'not-now', 'There is no such factor.'],
  'already-enrolled': [403, 'already-enrolled', 'A factor of the account has to be proved first.'],
  'authenticator-unknown': [404, 'factor-unknown', 'There is no such factor.'],
  'authenticator-disabled': [403, 'factor-disabled', 'The factor is disabled after too many wrong attempts.'],
  'last-authenticator': [409, 'last-authenticator', 'The last factor stays while one is required.'],
  'factor-unknown': [400, 'factor-off', 'There is no such kind of factor.'],
  'factor-off': [400, 'factor-off', 'This kind of factor is not switched on.'],
  'bad-address': [400, 'bad-address', 'The number or address is not acceptable.'],
  'bad-secret': [400, 'malformed', 'The secret is not acceptable.'],
  'blocked-by-admin': [400, 'blocked-by-admin', 'Messages are not sent to this country.'],
  'blocked-by-reputation': [400, 'blocked-by-reputation', 'Messages are not sent to this number.'],
  'limit-reached': [409, 'limit-reached', 'There are as many factors as an account may have.'],
  'too-many-messages': [429, 'too-many-messages', 'Too many messages were asked for.'],
  undeliverable: [503, 'undeliverable', 'Messages cannot be sent this way at the moment.'],
  busy: [503, 'busy', 'Please try again in a few seconds.'],
}

/** What this dialect refuses by itself. */
const own = {
  csrf: [403, 'csrf', 'The token of the page is missing or old: read the state again.'],
  'cross-site': [403, 'cross-site', 'Changes are made by pages of this server only.'],
  'flow-unknown': [404, 'flow-unknown', 'This sign-in is over, or belongs to another browser.'],
  'not-now': [409, 'not-now', 'This does not belong to the step the sign-in is at.'],
  malformed: [400, 'malformed', 'The request could not be read.'],
  'sign-in-needed': [401, 'sign-in-needed', 'Sign in first.'],
  'stale-proof': [403, 'stale-proof', 'This needs a fresh proof.'],
  'flow-expired': [409, 'flow-expired', 'The sign-in has to be begun again.'],
  'sign-up-off': [403, 'sign-up-off', 'People cannot open accounts by themselves here.'],
  'not-found': [404, 'not-found', 'There is no such thing.'],
} satisfies Record<string, Word>

export type OwnWord = keyof typeof own
export type No = Refusal | { readonly own: OwnWord; readonly detail?: string }

/** A refusal as it goes out. */
export function refusalOf(no: No): { readonly status: number; readonly body: RefusalBody } {
  if ('own' in no) {
    const [status, error, message] = own[no.own]
    return { status, body: { error, message: no.detail ?? message } }
  }
  const [status, error, message] = words[no.no]
  return {
    status,
    body: {
      error,
      message,
      ...('retryAfter' in no ? { retryAfter: no.retryAfter } : {}),
      ...(no.no === 'weak-password' ? { reason: no.reason } : {}),
    },
  }
}

export function refused(no: No, state?: State, cookies?: readonly string[]): Answer {
  const { status, body } = refusalOf(no)
  const after: Record<string, string> = body.retryAfter === undefined ? {} : { 'retry-after': String(body.retryAfter) }
  return {
    status,
    headers: { ...noStore, ...after },
    body: state === undefined ? body : { ...body, state },
    ...(cookies === undefined ? {} : { cookies }),
  }
}

/** Trouble before a handler. */
export function refuseTrouble(trouble: Trouble): Answer {
  const say = (status: number, error: string, message: string): Answer => ({
    status,
    headers: noStore,
    body: { error, message },
  })
  switch (trouble.trouble) {
    case 'malformed':
      return say(400, 'malformed', trouble.detail)
    case 'too-large':
      return say(413, 'malformed', 'The request is too large.')
    case 'wrong-type':
      return say(415, 'malformed', 'Send JSON or a form.')
    case 'wrong-method':
      return say(405, 'malformed', 'This address does not take such a request.')
    case 'not-found':
      return say(404, 'not-found', 'There is nothing at this address.')
    case 'unavailable':
      return say(503, 'busy', 'Please try again.')
    case 'crash':
      return say(500, 'fault', 'Something went wrong.')
  }
}
