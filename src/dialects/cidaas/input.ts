import type { Exchange } from '#http/route.ts'

/** What clients write when they mean nothing (cidaas.md §1.4). */
const absent: ReadonlySet<string> = new Set(['', 'undefined', 'null', '[object Object]'])

/** A value as text; undefined for what is absent or no text. Numbers are text too: codes are sent as such. */
export function textOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && !absent.has(text) ? text : undefined
}

/** All names under which clients send the same thing; the first is ours (cidaas.md §1.4). */
const aliases = {
  request: ['request_id', 'requestId'],
  track: ['track_id', 'trackId'],
  user: ['sub', 'q', 'masked_sub'],
  code: ['pass_code', 'code'],
  method: ['verification_type', 'verificationType', 'type'],
  identifier: ['identifier', 'email', 'mobile_number', 'mobile', 'phone', 'username'],
  password: ['password', 'pass_code'],
  language: ['acceptLanguage', 'acceptlanguage', 'accept-language', 'ui_locales', 'locale'],
} as const
export type Alias = keyof typeof aliases

/** The fields of a request, whatever encoding they came in. */
export interface Input {
  /** By its own name. */
  text(name: string): string | undefined
  /** By any of its names. */
  any(alias: Alias): string | undefined
  /** Unchecked, for members that are objects. */
  raw(name: string): unknown
}

/** Reads body fields, then the query's; unknown ones are ignored. */
export function inputOf(exchange: Exchange): Input {
  const body = isRecord(exchange.body) ? exchange.body : {}
  const raw = (name: string): unknown => {
    const sent = Object.hasOwn(body, name) ? body[name] : undefined
    const isAbsent = sent === undefined || sent === null || (typeof sent === 'string' && absent.has(sent))
    return isAbsent && Object.hasOwn(exchange.query, name) ? exchange.query[name] : sent
  }
  const text = (name: string): string | undefined => textOf(raw(name))
  return {
    raw,
    text,
    any(alias) {
      for (const name of aliases[alias]) {
        const found = text(name)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/** The request an XHR belongs to: its body, else its header. */
export const requestIdOf = (exchange: Exchange): string | undefined =>
  inputOf(exchange).any('request') ?? textOf(exchange.headers.requestid)

/** The inner id of an exchange: SDKs send the string, some callers the object they were given. */
export function exchangeIdOf(input: Input): string | undefined {
  const value = input.raw('exchange_id')
  return textOf(isRecord(value) ? value.exchange_id : value)
}

export const isUuid = (text: string | undefined): text is string =>
  text !== undefined && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
