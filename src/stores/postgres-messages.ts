import type { Value } from './postgres-batch.ts'

/**
 * Messages to the server (PostgreSQL 54.7), written as text whose characters are bytes: one string is put together and
 * encoded once, where a buffer would be written value by value.
 */

/** How many bytes a message says it has, or how many a value has: the high and the low half of it, as characters. */
const halves = Array.from({ length: 0x10000 }, (_, n) => String.fromCharCode(n >>> 8, n & 0xff))
const int16 = (n: number) => halves[n] as string
const int32 = (n: number) => (halves[n >>> 16] as string) + (halves[n & 0xffff] as string)

/** No value: a length of -1. */
const nothing = '\xff\xff\xff\xff'
/** The empty name of a portal, with its end. */
const unnamed = '\0'

/** Executes the statement bound last, without a limit of rows. */
export const execute = `E${int32(9)}${unnamed}${int32(0)}`
/** Ends a batch, and with it its transaction. */
export const sync = `S${int32(4)}`

/** Binds values, as text, to a prepared statement; its rows are asked for as text too. `name`: ASCII. */
export function bind(name: string, values: readonly string[]): string {
  let body = `${unnamed}${name}\0${int16(0)}${int16(values.length)}`
  for (const value of values) body += value
  return `B${int32(body.length + 4 + 2)}${body}${int16(0)}`
}

/** A value as `bind` takes it. */
export function asValue(value: Value): string {
  if (value === null) return nothing
  return asText(typeof value === 'number' ? String(value) : value)
}

/** An array's text (PostgreSQL 8.15.2), as `bind` takes it. */
export function asArray(values: readonly Value[]): string {
  let text = '{'
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (at > 0) text += ','
    text += typeof value === 'string' ? quoted(value) : (value ?? 'NULL')
  }
  return asText(`${text}}`)
}

/** Documents as one text, to be taken apart by `string_to_array`. */
export const asDocuments = (documents: readonly Value[]): string => asText(documents.join('\x1e'))

const quoted = (text: string) => `"${/["\\]/.test(text) ? text.replaceAll(/["\\]/g, '\\$&') : text}"`

function asText(text: string): string {
  const bytes = isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
  return int32(bytes.length) + bytes
}

const isAscii = (text: string) => /^[\0-\x7f]*$/.test(text)
