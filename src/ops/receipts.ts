import type { Answer, Exchange, RouteGroup } from '#http/route.ts'
import { refusePlainly } from '#http/server.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { MessageChannel } from '#model/message.ts'
import type { ReceiptRequest } from '#ports/delivery.ts'

export interface ReceiptParts {
  /** Takes in a report; false: it is not genuine. Of the dispatcher. */
  readonly receive: (
    of: { readonly channel: MessageChannel; readonly provider: string; readonly tenant: TenantId; readonly id: string },
    request: ReceiptRequest,
  ) => Promise<boolean>
  readonly urlOf: ReturnType<typeof receiptUrlOf>
}

const channels: readonly MessageChannel[] = ['sms', 'voice', 'email', 'push']

/** Where providers report about a message, below the public URL; a provider adds its name. */
export const receiptUrlOf =
  (publicUrl: string) =>
  ({ tenant, id, channel }: { readonly tenant: string; readonly id: string; readonly channel: string }): string =>
    `${publicUrl}/receipts/${channel}/${encodeURIComponent(tenant)}/${id}`

/**
 * Reports of providers about messages (S-82). The answer to a genuine one is 204 whatever it changes, and 403 to all
 * others, so that nobody learns here which messages there are.
 */
export function receiptsGroup(parts: ReceiptParts): RouteGroup {
  return {
    name: 'receipts',
    tenantless: true,
    refuse: refusePlainly,
    routes: [
      { method: 'POST', path: '/receipts/:channel/:tenant/:id/:provider', handle: (exchange) => take(parts, exchange) },
    ],
  }
}

async function take({ receive, urlOf }: ReceiptParts, exchange: Exchange): Promise<Answer> {
  const { tenant = '', id = '', provider = '' } = exchange.params
  const channel = channels.find((it) => it === exchange.params.channel)
  if (channel === undefined || !/^[\w-]{1,64}$/.test(id)) return refusePlainly({ trouble: 'not-found' })
  const isForm = exchange.bodyKind === 'form' && exchange.repeated.length === 0
  const genuine = await receive(
    { channel, provider, tenant: asId<TenantId>(tenant), id },
    {
      // From the configuration and not from the request, which a forger writes (S-163).
      url: `${urlOf({ tenant, id, channel })}/${provider}`,
      headers: exchange.headers,
      text: isForm ? '' : exchange.bodyText,
      form: isForm ? (exchange.body as Readonly<Record<string, string>>) : {},
    },
  )
  return genuine ? { status: 204 } : { status: 403, body: { error: 'forbidden' } }
}
