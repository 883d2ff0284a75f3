import type { Answer, Exchange } from '#http/route.ts'
import { fromHere } from '#oidc/from-here.ts'
import type { Dialect } from '../dialect.ts'
import { exchangeIdOf, type Input, inputOf, isRecord, isUuid } from '../input.ts'
import { alertText, hidden, htmlText, show } from '../pages/page.ts'
import { iso } from '../wire.ts'
import { type Exchanging, readExchange } from './exchanges.ts'
import { verify } from './verification.ts'

/** Whether a link is asked for instead of a code (cidaas.md §4.4): mailboxes alone get one. */
export const wantsLink = (input: Input): boolean => input.text('processingType')?.toUpperCase() === 'LINK'

/** The address in the mail. It carries the code, which the page that asked has not; the origin is the configured one (S-163). */
export function linkTo({ base }: Pick<Exchange, 'base'>, exchangeId: string, track: string | undefined, code: string) {
  const query = new URLSearchParams({ exchange_id: exchangeId, ...(track && { trackId: track }), pass_code: code })
  return `${base}/verification-srv/authentication/email/verification?${query}`
}

/**
 * `GET /verification-srv/authentication/:method/verification`: the page behind the link. Looking proves nothing, since
 * scanners of mail look too; its button does (S-84).
 */
export async function linkPage(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const it = await linked(dialect, exchange, input)
  const application = it && (await dialect.engine.parts.store.get('applications', exchange.tenant.id, it.client))
  if (it === undefined || application === undefined) return over(exchange)
  const name = `<b>${htmlText(application.name)}</b>`
  const whence = it.begun && ` Asked for from <b>${htmlText(it.begun.place)}</b>, ${htmlText(iso(it.begun.at))}.`
  const text = `<p>Sign in to ${name}?${whence ?? ''} Go on only if that was you: whoever asked is signed in, not this browser. The link is good until ${htmlText(iso(it.endsAt))}.</p>`
  const fields = hidden({ exchange_id: input.text('exchange_id'), pass_code: input.any('code') })
  const form = `<form method="post" action="/verification-srv/authentication/email/link">${fields}<button type="submit">Sign in</button></form>`
  return show(exchange, 'Sign in', text + form)
}

/** `POST …/link`: what the button of that page sends. The page that waits goes on by itself. */
export async function openLink(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  if (!fromHere(exchange)) return over(exchange)
  if ((await linked(dialect, exchange, input)) === undefined) return over(exchange)
  const body = { exchange_id: exchangeIdOf(input), pass_code: input.any('code') }
  const checked = await verify(dialect, { ...exchange, body, query: {} })
  if (checked.status === 200) {
    return show(exchange, 'Confirmed', '<p>Go back to where you have started to sign in. You may close this page.</p>')
  }
  const said = isRecord(checked.body) ? String(checked.body.error_description ?? '') : ''
  return show(exchange, 'Sign in', alertText(said), undefined, 400)
}

async function linked(dialect: Dialect, exchange: Exchange, input: Input): Promise<Exchanging | undefined> {
  const id = exchangeIdOf(input)
  const it = isUuid(id) ? await readExchange(dialect, exchange.tenant.id, id) : undefined
  const live = it?.stage === 'initiated' && it.endsAt > dialect.engine.parts.clock.now()
  return live && it.word === 'EMAIL' && exchange.params.method?.toUpperCase() === 'EMAIL' ? it : undefined
}

const over = (exchange: Exchange): Answer =>
  show(exchange, 'Sign in', alertText('This link has been used or is too old.'), undefined, 400)
