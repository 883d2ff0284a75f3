import { changePasswordInFlow } from '#engine/acts/change-password.ts'
import { chooseGroupInFlow } from '#engine/acts/choose-group.ts'
import type { Admitted } from '#engine/admit.ts'
import { ticketId } from '#engine/tickets.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Ticket } from '#model/ticket.ts'
import { deviceOf } from '../cookies.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf, isUuid } from '../input.ts'
import { toErrorPage } from '../redirect.ts'
import { readRequest } from '../requests.ts'
import { passwordIssue } from '../token/password-issue.ts'
import { readTrack, type Track } from '../verify/tracks.ts'
import { classic, noStore, ok, type Row, refuse, rowOf, said } from '../wire.ts'
import type { Identifier } from '../words.ts'
import { codeIssue, type Landed, type Passage } from './code-issue.ts'
import { browserAnswer, conditionOf, nativeAnswer } from './outcome.ts'

/**
 * `POST /login-srv/precheck/continue/:track_id`: the path decides, whatever the body says (cidaas.md §4.8). The browser
 * that logged in must be the one that goes on (docs/decisions/0004).
 */
export async function goOn(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const handle = (exchange.params.track_id ?? '').toLowerCase()
  const track = await readTrack(dialect, exchange, handle)
  const gone = toErrorPage(exchange, '25', 'The login has expired or was finished already.')
  if (track === undefined || !isBoundHere(exchange, track)) return gone
  if (track.ticket.wish.grantType === 'password') return await withTokens(dialect, exchange, track, handle)
  const passage = await passageOf(dialect, exchange, track)
  if (passage === undefined) return gone
  const chosen = await groupChosen(dialect, exchange, track)
  if (chosen !== undefined && 'error' in chosen) return await samePage(dialect, passage, track, handle, chosen.error)
  const changes = await passwordChange(dialect, passage, track)
  if (changes !== undefined && 'error' in changes) return await samePage(dialect, passage, track, handle, changes.error)
  const outcome =
    changes ??
    (await dialect.engine.finish({
      caller: callerOf(exchange, track.application),
      ticket: chosen?.ticket ?? track.ticket,
      handle,
      issue: await codeIssue(dialect, passage),
    }))
  const { no } = outcome
  if (no === 'ticket-unknown' || no === 'ticket-expired' || no === 'ticket-of-other-client') return gone
  const stays = no === 'more-proof' && ticketId(outcome.ticket) === track.ticket.id
  const hint = stays ? { error: conditionOf(track.ticket.requirement) } : undefined
  return await browserAnswer(dialect, { passage, user: track.ticket.user, outcome, hint })
}

/** The JSON twin for native applications: a track that began in a browser is not theirs to finish. */
export async function goOnNative(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const handle = (exchange.params.track_id ?? '').toLowerCase()
  if (!isUuid(handle)) return classic(dialect, said.unknownTrack)
  const track = await readTrack(dialect, exchange, handle)
  if (track === undefined || !isBoundHere(exchange, track)) return classic(dialect, said.unknownTrack)
  if (track.ticket.wish.grantType === 'password') return await withTokens(dialect, exchange, track, handle)
  const passage = await passageOf(dialect, exchange, track)
  if (passage === undefined) return classic(dialect, said.unknownTrack)
  const native: Passage = { ...passage, native: true }
  const chosen = await groupChosen(dialect, exchange, track)
  const changes = await passwordChange(dialect, native, track)
  const bad = chosen && 'error' in chosen ? chosen.error : changes && 'error' in changes ? changes.error : undefined
  if (bad !== undefined) return classic(dialect, bad)
  const outcome =
    (changes && !('error' in changes) ? changes : undefined) ??
    (await dialect.engine.finish({
      caller: callerOf(exchange, track.application),
      ticket: (chosen && !('error' in chosen) ? chosen : track).ticket,
      handle,
      issue: await codeIssue(dialect, native),
    }))
  if (outcome.no === 'ticket-unknown' || outcome.no === 'ticket-expired') return classic(dialect, said.unknownTrack)
  return await nativeAnswer(dialect, { passage, user: track.ticket.user, outcome })
}

/**
 * A password change is made by continue itself (cidaas.md §4.9). Undefined: this track waits for something else, or
 * nothing was typed.
 */
async function passwordChange(
  dialect: Dialect,
  passage: Passage,
  { ticket, application }: Track,
): Promise<Outcome<Admitted<Landed>> | { readonly error: Row } | undefined> {
  const { exchange } = passage
  const input = inputOf(exchange)
  const [old, fresh] = [input.text('old_password'), input.text('new_password')]
  if (ticket.requirement.act !== 'change-password' || old === undefined || fresh === undefined) return undefined
  if (fresh !== input.text('confirm_password')) {
    return { error: [417, '10009', 'passwords_differ', 'The two new passwords differ.'] }
  }
  const caller = callerOf(exchange, application)
  const issue = await codeIssue(dialect, passage)
  const changed = await changePasswordInFlow(dialect.engine.parts, { caller, ticket, old, fresh, issue })
  const stays = ['wrong-password', 'weak-password', 'too-many-attempts', 'busy']
  return changed.no !== undefined && stays.includes(changed.no) ? { error: rowOf(changed) } : changed
}

/** The group somebody comes in is named to continue itself (cidaas.md §4.9), by any of these names. */
async function groupChosen(
  dialect: Dialect,
  exchange: Exchange,
  { ticket, application }: Track,
): Promise<{ readonly ticket: Ticket } | { readonly error: Row } | undefined> {
  const input = inputOf(exchange)
  const group = ['group_id', 'groupId', 'group', 'selected_group_id'].map((name) => input.text(name)).find(Boolean)
  if (ticket.requirement.act !== 'choose-group' || group === undefined) return undefined
  const caller = callerOf(exchange, application)
  const chosen = await chooseGroupInFlow(dialect.engine.parts, { caller, ticket, group })
  return chosen.yes
    ? { ticket: chosen.yes }
    : { error: [417, 'VER_0006', 'invalid_group', 'There is no such group to choose.'] }
}

/** Back to the page the track stands at, with what was wrong. */
async function samePage(
  dialect: Dialect,
  passage: Passage,
  { ticket }: Track,
  handle: string,
  [, , error, error_description]: Row,
): Promise<Answer> {
  const outcome: Outcome<never> = { no: 'more-proof', ticket: handle, require: ticket.requirement }
  return await browserAnswer(dialect, { passage, user: ticket.user, outcome, hint: { error, error_description } })
}

const isBoundHere = (exchange: Exchange, { notes }: Track): boolean =>
  notes.browser === undefined || notes.browser === deviceOf(exchange)

async function passageOf(dialect: Dialect, exchange: Exchange, { notes }: Track): Promise<Passage | undefined> {
  const found = await readRequest(dialect, exchange, notes.request)
  return found && { exchange, ...found, identifier: notes.identifier as Identifier }
}

/** A track of the password grant has no redirect: its tokens are the answer. */
async function withTokens(dialect: Dialect, exchange: Exchange, track: Track, handle: string): Promise<Answer> {
  const { ticket, application, notes } = track
  const issue = await passwordIssue(dialect, exchange, application, ticket.wish, notes.identifier as Identifier)
  const caller = callerOf(exchange, application)
  const outcome = await dialect.engine.finish({ caller, ticket, handle, issue })
  if (outcome.no !== undefined) return refuse(dialect, outcome)
  return { ...ok(undefined), headers: noStore, body: await outcome.yes.issued.respond() }
}
