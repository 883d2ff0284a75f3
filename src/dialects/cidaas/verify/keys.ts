import type { Exchange } from '#http/route.ts'
import { type Input, isRecord } from '../input.ts'

/**
 * Whether a page says that it stands where keys of this tenant are not used. Callers name their page (`domainURL`) and
 * a list it belongs to (`allowedDomains`); what counts is the configuration, and never a request alone (S-90, S-163).
 */
export function standsElsewhere({ base, tenant }: Pick<Exchange, 'base' | 'tenant'>, input: Input): boolean {
  const page = input.text('domainURL')
  if (page === undefined) return false
  const origin = originOf(page)
  const listed = input.raw('allowedDomains')
  const named = Array.isArray(listed) ? listed.map((it) => originOf(String(it))) : [origin]
  const ours = [originOf(base), ...(tenant.keys?.origins ?? [])]
  return origin === undefined || !named.includes(origin) || !ours.includes(origin)
}

const originOf = (url: string): string | undefined => URL.parse(url)?.origin

/** The inner answer of a key (cidaas.md §5.2), with or without the envelope, extensions by the name browsers have for them. */
export function keyResponse(sent: unknown): unknown {
  if (!isRecord(sent)) return undefined
  const inner = isRecord(sent.client_response) ? sent.client_response : sent
  const { getClientExtensionResults: extensions, ...rest } = inner
  return isRecord(extensions) && rest.clientExtensionResults === undefined
    ? { ...rest, clientExtensionResults: extensions }
    : rest
}

/** The challenge an answer names beside its exchange; it must be the same. Absent: nothing is named. */
export function namedChallenge(sent: unknown): string | undefined {
  const id = isRecord(sent) ? sent.fidoRequestId : undefined
  return typeof id === 'string' && id !== '' ? id : undefined
}
