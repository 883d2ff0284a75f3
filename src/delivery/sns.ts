import { awsAuthorization, awsDate } from '#crypto/aws-signature.ts'
import type { Clock } from '#ports/clock.ts'
import { type Delivery, deliveryTimes } from '#ports/delivery.ts'
import { apiBase, nonsense, post, type Reply, refusal, type Times } from './http.ts'

export interface SnsOptions {
  readonly clock: Clock
  readonly times?: Times
}

/**
 * SMS by Amazon SNS, `Publish` to a number (API version 2010-03-31): `sns://KEY:SECRET@eu-west-1/`, where the host is
 * the region. `from` names an origination number or a sender id. Publishing to a number knows no idempotency key: a
 * repetition after a lost answer may arrive twice, with the same code.
 * @throws Error for an address that is incomplete
 */
export function snsDelivery(url: URL, { clock, times = deliveryTimes }: SnsOptions): Delivery {
  const keyId = decodeURIComponent(url.username)
  const secret = decodeURIComponent(url.password)
  const region = url.hostname
  if (keyId === '' || secret === '') throw new Error('the key is missing: sns://KEY:SECRET@eu-west-1/')
  if (!/^[a-z]{2}(-[a-z]+)+-\d+$/.test(region)) throw new Error('the region is missing: sns://KEY:SECRET@eu-west-1/')
  const attributes = attributesOf(url.searchParams.get('from') ?? '')
  const target = apiBase(url, `sns.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`)
  return {
    provider: 'sns',
    async send({ to, text }) {
      const fields = { Action: 'Publish', Version: '2010-03-31', PhoneNumber: to, Message: text, ...attributes }
      const body = new URLSearchParams(fields).toString()
      const headers = {
        host: target.host,
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'x-amz-date': awsDate(clock.now()),
      }
      const signed = { path: target.pathname, headers, body }
      const authorization = awsAuthorization({ keyId, secret, region, service: 'sns' }, signed)
      return sentOr(await post(target, { ...headers, authorization }, body, times), clock.now())
    },
  }
}

/** Transactional messages are sent with the highest reliability; a sender is optional. */
function attributesOf(from: string): Record<string, string> {
  const attributes = [['AWS.SNS.SMS.SMSType', 'Transactional']]
  // A "+" in a query stands for a space.
  const number = /^[ +]?(\d{5,15})$/.exec(from)?.[1]
  if (number !== undefined) attributes.push(['AWS.MM.SMS.OriginationNumber', `+${number}`])
  else if (from !== '') attributes.push(['AWS.SNS.SMS.SenderID', from])
  return Object.fromEntries(
    attributes.flatMap(([name = '', value = ''], index) => {
      const entry = `MessageAttributes.entry.${index + 1}`
      return [
        [`${entry}.Name`, name],
        [`${entry}.Value.DataType`, 'String'],
        [`${entry}.Value.StringValue`, value],
      ]
    }),
  )
}

/** Errors that come with 400 and pass (common errors of the Query API, and those of `Publish`). */
const passing = new Set(['Throttled', 'Throttling', 'ThrottlingException', 'ServiceUnavailable'])
/** Errors that come with 400 and are about our clock or account. */
const accountErrors = new Set(['RequestExpired', 'OptInRequired', 'IncompleteSignature', 'AuthorizationError'])

function sentOr(reply: Reply, now: number): 'sent' {
  if (reply.status >= 200 && reply.status < 300) {
    if (/<MessageId>[\w-]+<\/MessageId>/.test(reply.body)) return 'sent'
    throw nonsense(reply.status)
  }
  // A name of AWS's list, and never the message beside it, which quotes what was sent.
  const code = /<Code>([A-Za-z.]{1,40})<\/Code>/.exec(reply.body)?.[1]
  if (code === undefined) throw refusal(reply, now)
  if (passing.has(code)) throw refusal(reply, now, { detail: code, retryable: true })
  throw refusal(reply, now, { detail: code, blame: accountErrors.has(code) ? 'provider' : undefined })
}
