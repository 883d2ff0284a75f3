import { sameSecret } from '#crypto/digest.ts'
import { twilioSignature } from '#crypto/webhook-signature.ts'
import type { Clock } from '#ports/clock.ts'
import {
  type Delivery,
  DeliveryFailed,
  deliveryTimes,
  type OutgoingMessage,
  type Receipt,
  type ReceiptRequest,
} from '#ports/delivery.ts'
import { apiBase, basicAuth, nonsense, objectOf, post, type Reply, refusal, type Times } from './http.ts'

export interface TwilioOptions {
  readonly clock: Clock
  readonly times?: Times
}

/** What the URL says about messages. */
interface Sender {
  /** E.164 number, name, `whatsapp:+…`, or the id of a messaging service (`MG…`). */
  readonly from: string
  /** Content template of WhatsApp (`HX…`), whose variable 1 is the code. */
  readonly template: string | null
  /** Language the text is spoken in, e.g. `de-DE`. */
  readonly language: string | null
}

/**
 * SMS and WhatsApp by Twilio's Messages API, calls by its Calls API (version 2010-04-01):
 * `twilio://SID:TOKEN@api.twilio.com/?from=+15555550100`. With an API key instead of the account's own token, `account`
 * names the account. The API knows no idempotency key: a repetition after a lost answer may arrive twice, with the same
 * code.
 * @throws Error for an address that is incomplete
 */
export function twilioDelivery(url: URL, { clock, times = deliveryTimes }: TwilioOptions): Delivery {
  const user = decodeURIComponent(url.username)
  const token = decodeURIComponent(url.password)
  const account = url.searchParams.get('account') ?? user
  const from = numberIn(url.searchParams.get('from') ?? '')
  if (user === '' || token === '')
    throw new Error('the account is missing: twilio://SID:TOKEN@api.twilio.com/?from=+1…')
  if (from === '') throw new Error('the sender is missing: ?from=+15555550100, or the id of a messaging service')
  // Reports are signed with the token of the account, which is another secret than an API key's.
  const authToken = url.searchParams.get('auth_token') ?? (user.startsWith('AC') ? token : undefined)
  const sender = { from, template: url.searchParams.get('template'), language: url.searchParams.get('language') }
  const base = apiBase(url, url.host)
  const headers = { authorization: basicAuth(user, token), 'content-type': 'application/x-www-form-urlencoded' }
  return {
    provider: 'twilio',
    ...(authToken === undefined ? {} : { receipt: (request: ReceiptRequest) => receiptIn(request, authToken) }),
    async send(message) {
      const resource = message.channel === 'voice' ? 'Calls' : 'Messages'
      const target = new URL(`/2010-04-01/Accounts/${encodeURIComponent(account)}/${resource}.json`, base)
      const fields = message.channel === 'voice' ? callOf(message, sender) : textOf(message, sender)
      const asked = authToken === undefined ? undefined : message.statusUrl
      const all = asked === undefined ? fields : { ...fields, StatusCallback: `${asked}/twilio` }
      const reply = await post(target, headers, new URLSearchParams(all).toString(), times)
      return sentOr(reply, clock.now())
    },
  }
}

/** A "+" in a query stands for a space, and people write numbers as they are. */
function numberIn(from: string): string {
  return from.replace(/^(whatsapp:)? (?=\d)/, '$1+')
}

function textOf({ to, text, code }: OutgoingMessage, { from, template }: Sender): Record<string, string> {
  const whatsapp = from.startsWith('whatsapp:')
  const ends = {
    To: whatsapp ? `whatsapp:${to}` : to,
    ...(from.startsWith('MG') ? { MessagingServiceSid: from } : { From: from }),
  }
  if (template === null || code === undefined) return { ...ends, Body: text }
  return { ...ends, ContentSid: template, ContentVariables: JSON.stringify({ 1: code }) }
}

/** The provider's names of voices; the operator's own choice stands where it speaks the language of the text. */
const voices: Readonly<Record<string, string>> = {
  de: 'de-DE',
  en: 'en-US',
  es: 'es-ES',
  fr: 'fr-FR',
  ja: 'ja-JP',
  pt: 'pt-BR',
  ar: 'arb',
}

function voiceFor(language: string | undefined, chosen: string | null): string {
  const own =
    chosen !== null && (language === undefined || chosen.toLowerCase().startsWith(language)) ? chosen : undefined
  const voice = own ?? (language === undefined || language === 'en' ? undefined : voices[language])
  return voice === undefined ? '' : ` language="${escaped(voice)}"`
}

/** Said twice, since nobody has a pencil at hand the first time. */
function callOf({ to, text, language: of }: OutgoingMessage, { from, language }: Sender): Record<string, string> {
  const spoken = voiceFor(of, language)
  const twiml = `<Response><Say loop="2"${spoken}>${escaped(text)}</Say></Response>`
  return { To: to, From: from, Twiml: twiml }
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (it) => entities[it] ?? it).replace(/\p{Cc}/gu, ' ')
}

/**
 * Error codes that come with 400 and speak of the account or the sender rather than of the number: another provider
 * may well take the message. Sender not ours or not able (21212, 21603, 21606, 21659, 21660), region not allowed (21408, 21215),
 * service without sender (21701, 21703).
 */
const accountCodes = new Set([21212, 21215, 21408, 21603, 21606, 21659, 21660, 21701, 21703])

function sentOr(reply: Reply, now: number): 'sent' {
  const answer = objectOf(reply.body)
  if (reply.status >= 200 && reply.status < 300) {
    if (typeof answer?.sid !== 'string') throw nonsense(reply.status)
    if (answer.status === 'failed' || answer.status === 'undelivered') {
      throw new DeliveryFailed('provider gave the message up', { retryable: false })
    }
    return 'sent'
  }
  const code = typeof answer?.code === 'number' && Number.isSafeInteger(answer.code) ? answer.code : undefined
  const blame = code !== undefined && accountCodes.has(code) ? 'provider' : undefined
  throw refusal(reply, now, { detail: code?.toString(), blame })
}

const arrived = new Set(['delivered', 'read', 'completed'])
const lost = new Set(['undelivered', 'failed', 'canceled', 'busy', 'no-answer'])

/** A status callback, signed over its address and fields (X-Twilio-Signature). It carries no time. */
function receiptIn({ url, headers, form }: ReceiptRequest, token: string): Receipt | undefined {
  if (!sameSecret(headers['x-twilio-signature'] ?? '', twilioSignature(token, url, form))) return undefined
  const status = form.MessageStatus ?? form.CallStatus ?? ''
  if (arrived.has(status)) return { status: 'delivered' }
  if (!lost.has(status)) return { status: 'underway' }
  const code = /^\d{1,6}$/.exec(form.ErrorCode ?? '')?.[0]
  return { status: 'failed', reason: code ?? status }
}
