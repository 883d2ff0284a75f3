import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

const plain = /^[\t\x20-\x7e]*$/
/** Fields whose second value somebody in front may have read instead of the first. */
const single = new Set(['host', 'authorization', 'content-type', 'content-encoding'])

/**
 * What is wrong with the header fields, beyond what Node's strict parser has refused already: too many, one of the
 * decisive ones twice (RFC 9112 section 3.2 for Host), or bytes that are no UTF-8 (S-155).
 */
export function headerProblem(request: IncomingMessage, maxFields: number): 'too-many' | string | undefined {
  const raw = request.rawHeaders
  if (raw.length > maxFields * 2) return 'too-many'
  let seen = ''
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    if (single.has(name)) {
      if (seen.includes(`${name};`)) return `header ${name} is given twice`
      seen += `${name};`
    }
    const value = raw[at + 1] as string
    if (!plain.test(value) && !isUtf8(Buffer.from(value, 'latin1'))) return `header ${name} is not valid UTF-8`
  }
  return undefined
}
