import { sharesAsked } from '#engine/acts/share.ts'
import { selectableGroups } from '#engine/policy/acts/choose-group.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { type Input, inputOf, isRecord } from '../input.ts'
import { verifyAccount } from '../login/account.ts'
import { afterRegister } from '../login/after-register.ts'
import { acceptClaims, acceptConsent, acceptScopes, consentInfo } from '../login/consent.ts'
import { type LoginRequest, readRequest } from '../requests.ts'
import { readRegistration } from '../users/registration.ts'
import { readTrack, type Track } from '../verify/tracks.ts'
import { alertText, hidden, htmlText, show } from './page.ts'

/** What a page of a condition is drawn from. */
interface Step {
  readonly dialect: Dialect
  readonly exchange: Exchange
  readonly input: Input
  readonly request: LoginRequest
  /** Handle of the track, which continues the login. */
  readonly handle: string
  /** Absent: somebody who is registering. */
  readonly track?: Track
}

type Handler = (dialect: Dialect, exchange: Exchange) => Promise<Answer>

/**
 * Pages of the conditions for tenants that have none of their own (cidaas.md §4.9): plain forms over the same services
 * that anybody's pages call.
 */
const page =
  (draw: (step: Step) => Promise<Answer>): Handler =>
  async (dialect, exchange) => {
    const step = await stepOf(dialect, exchange)
    if (step !== undefined) return await draw(step)
    return show(exchange, 'Sign in', alertText('This sign-in has expired. Go back to the application.'), undefined, 400)
  }

async function stepOf(dialect: Dialect, exchange: Exchange): Promise<Step | undefined> {
  const input = inputOf(exchange)
  const handle = input.any('track')
  const found = await readRequest(dialect, exchange, input.any('request'))
  if (found === undefined || handle === undefined) return undefined
  const { request } = found
  const track = await readTrack(dialect, exchange, handle)
  if (track?.notes.request === request.id) return { dialect, exchange, input, request, handle, track }
  const registration = track ? undefined : await readRegistration(dialect, exchange, handle)
  return registration?.request === request.id ? { dialect, exchange, input, request, handle } : undefined
}

const goOnPath = ({ handle }: Step): string => `/login-srv/precheck/continue/${handle}`

/** Goes on with the login as the form of a page would. */
const goOn = ({ dialect, exchange, handle }: Step): Promise<Answer> =>
  afterRegister(dialect, { ...exchange, params: { track_id: handle } })

const form = (step: Step, action: string, inner: string, more: Readonly<Record<string, string | undefined>> = {}) => {
  const { handle, request, input } = step
  const fields = hidden({ track_id: handle, requestId: request.id, sub: input.any('user'), ...more })
  return `<form method="post" action="${htmlText(action)}">${fields}${inner}</form>`
}

const button = (label: string): string => `<button type="submit">${htmlText(label)}</button>`

const field = (name: string, label: string, attributes: string): string =>
  `<p><label>${label}<br><input name="${name}" required ${attributes}></label></p>`

const shown = ({ exchange, request, input }: Step, title: string, body: string, error?: string): Answer => {
  const said = error ?? (input.text('error') && input.text('error_description'))
  return show(exchange, title, alertText(said) + body, request)
}

/** `password_set`: the new password goes to continue itself. */
export const passwordPage = page(async (step) => {
  const fields = [
    field('old_password', 'Password until now', 'type="password" autocomplete="current-password"'),
    field('new_password', 'New password', 'type="password" autocomplete="new-password"'),
    field('confirm_password', 'The new password again', 'type="password" autocomplete="new-password"'),
  ].join('')
  return shown(step, 'Choose a new password', form(step, goOnPath(step), fields + button('Continue')))
})

/** `group_selection`. */
export const groupPage = page(async (step) => {
  const { track, dialect } = step
  const user = track && (await dialect.engine.parts.store.get('users', track.ticket.tenant, track.ticket.user))
  const groups = track && user ? selectableGroups(track.application, user) : []
  const options = groups.map(
    ({ id }) =>
      `<p><label><input type="radio" name="group_id" value="${htmlText(id)}" required> ${htmlText(id)}</label></p>`,
  )
  return shown(step, 'Choose a group', form(step, goOnPath(step), options.join('') + button('Continue')))
})

/** `consent_preview`: terms, by their name and address. */
export const termsPage = page(async (step) => {
  const { dialect, exchange, input } = step
  const known = await consentInfo(dialect, exchange)
  const terms = isRecord(known.body) && isRecord(known.body.data) ? known.body.data : undefined
  if (terms === undefined) return await goOn(step)
  if (exchange.method === 'POST') {
    const accepted = await acceptConsent(dialect, exchange)
    if (accepted.status === 200) return await goOn(step)
  }
  const name = htmlText(String(terms.name))
  const about = typeof terms.url === 'string' ? `<a href="${htmlText(terms.url)}" rel="noreferrer">${name}</a>` : name
  const ids = { consent_id: input.text('consent_id'), consent_version_id: input.text('consent_version_id') }
  const agree = form(step, '/identity/consent_preview', button('Agree and continue'), ids)
  return shown(step, 'Terms', `<p>To go on, agree to: ${about}</p>${agree}`)
})

/** `consent_scopes`: what an application is told about a person. */
export const sharingPage = page(async (step) => {
  const { track, dialect, exchange } = step
  const { act } = track?.ticket.requirement ?? {}
  const user = track && (await dialect.engine.parts.store.get('users', track.ticket.tenant, track.ticket.user))
  if (track === undefined || !user || (act !== 'share-scopes' && act !== 'share-claims')) return await goOn(step)
  const names = sharesAsked(track.ticket, track.application, user)
  if (exchange.method === 'POST') {
    const sent = { ...(isRecord(exchange.body) ? exchange.body : {}), scopes: names, accepted_claims: names }
    const accept = act === 'share-scopes' ? acceptScopes : acceptClaims
    const accepted = await accept(dialect, { ...exchange, body: sent })
    if (accepted.status === 200) return await goOn(step)
  }
  const list = names.map((name) => `<li>${htmlText(name)}</li>`).join('')
  const text = `<p><b>${htmlText(track.application.name)}</b> wants to know:</p><ul>${list}</ul>`
  return shown(step, 'Share with the application?', text + form(step, '/identity/consent_scopes', button('Allow')))
})

/** `verification_init`: has a code sent to the address or number of the account. */
export const addressPage = page(async (step) => {
  const where = step.track?.ticket.requirement.act === 'verify-phone' ? 'telephone number' : 'e-mail address'
  const text = `<p>Show that the ${where} of your account is yours: a code is sent to it.</p>`
  const start = form(step, '/verification-actions-srv/account/initiation', button('Send the code'))
  return shown(step, 'Confirm your account', text + start)
})

/** `verification_complete`: takes the code. */
export const addressCodePage = page(async (step) => {
  const { dialect, exchange, input } = step
  const accvid = input.text('accvid')
  const posted = exchange.method === 'POST'
  const proved = posted ? await verifyAccount(dialect, exchange) : undefined
  if (proved?.status === 200) return await goOn(step)
  const said = isRecord(proved?.body) ? String(proved.body.error_description ?? '') : undefined
  const fields =
    field('code', 'Code', 'autocomplete="one-time-code" inputmode="numeric" autofocus') + button('Continue')
  return shown(step, 'Confirm your account', form(step, '/identity/verification_complete', fields, { accvid }), said)
})
