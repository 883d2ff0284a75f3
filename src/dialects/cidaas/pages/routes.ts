import type { Answer, Exchange, Route } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { addressCodePage, addressPage, groupPage, passwordPage, sharingPage, termsPage } from './conditions.ts'
import { loginForm } from './login.ts'
import { alertText, htmlText, show } from './page.ts'
import { secondFactor } from './second-factor.ts'

/** Pages that say one thing. */
const plain: Readonly<Record<string, readonly [title: string, text: string]>> = {
  logout_success: ['Signed out', 'You have been signed out.'],
  login_success: ['Signed in', 'You have been signed in.'],
  device_success_page: ['Device connected', 'You may go back to your device.'],
  status: ['Status', 'There is nothing to do here.'],
}

async function other(_dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const key = exchange.params.key ?? ''
  const input = inputOf(exchange)
  if (key === 'error') {
    const text = input.text('error_description') ?? 'The request could not be completed.'
    const code = `<p><small>${htmlText(input.text('error_code') ?? '')}</small></p>`
    return show(exchange, 'Something went wrong', alertText(text) + code, undefined, 400)
  }
  if (key === 'device_init_code') {
    const wrong = input.text('error') === undefined ? undefined : 'That code is not right, or too many were tried.'
    const field =
      '<p><label>Code the device shows<br><input name="user_code" autocomplete="off" autocapitalize="characters" required></label></p>'
    const form = `<form method="get" action="/token-srv/device/verify">${field}<button type="submit">Continue</button></form>`
    return show(exchange, 'Connect a device', alertText(wrong) + form)
  }
  const known = Object.hasOwn(plain, key) ? plain[key] : undefined
  if (known) return show(exchange, known[0], `<p>${known[1]}</p>`)
  const text = `This server has no page for "${key}". Set the tenant's own address under "pages" in its configuration.`
  return show(exchange, 'No such page', `<p>${htmlText(text)}</p>`, undefined, 501)
}

type Handler = (dialect: Dialect, exchange: Exchange) => Promise<Answer>

/** Stand-ins for pages a tenant has none of its own for (cidaas.md §7.1). */
export const pageTable: readonly (readonly [Route['method'], string, Handler])[] = [
  ['GET', '/user-ui/login', loginForm],
  [
    'GET',
    '/user-ui/register',
    async (dialect, exchange) => other(dialect, { ...exchange, params: { key: 'register' } }),
  ],
  ['GET', '/identity/mfa_required', secondFactor],
  ['POST', '/identity/mfa_required', secondFactor],
  ['GET', '/identity/password_set', passwordPage],
  ['GET', '/identity/group_selection', groupPage],
  ['GET', '/identity/consent_preview', termsPage],
  ['POST', '/identity/consent_preview', termsPage],
  ['GET', '/identity/consent_scopes', sharingPage],
  ['POST', '/identity/consent_scopes', sharingPage],
  ['GET', '/identity/verification_init', addressPage],
  ['GET', '/identity/verification_complete', addressCodePage],
  ['POST', '/identity/verification_complete', addressCodePage],
  ['GET', '/identity/:key', other],
]
