import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A field of a protobuf message: its number, and its bytes or its number as text. */
interface Field {
  readonly number: number
  readonly bytes: Buffer
  readonly value: bigint
}

/** Reads the fields of a protobuf message (wire format, all that OTLP uses of it). */
function fieldsOf(bytes: Buffer): readonly Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('a message that breaks off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >> 3
    const none = Buffer.alloc(0)
    if ((tag & 7) === 0) fields.push({ number, bytes: none, value: varint() })
    else {
      const length = (tag & 7) === 1 ? 8 : (tag & 7) === 5 ? 4 : Number(varint())
      fields.push({ number, bytes: bytes.subarray(at, at + length), value: 0n })
      at += length
    }
  }
  return fields
}

const all = (bytes: Buffer, number: number): readonly Buffer[] =>
  fieldsOf(bytes).flatMap((it) => (it.number === number ? [it.bytes] : []))
const text = (bytes: Buffer, number: number): string => all(bytes, number)[0]?.toString('utf8') ?? ''
const hex = (bytes: Buffer, number: number): string => all(bytes, number)[0]?.toString('hex') ?? ''

/** KeyValue: string_value is 1, int_value 3. */
function attributesOf(bytes: Buffer, number: number): Readonly<Record<string, string>> {
  const pairs = all(bytes, number).map((it) => {
    const [value] = all(it, 2).flatMap((found) => fieldsOf(found))
    return [
      text(it, 1),
      value === undefined ? '' : value.number === 1 ? value.bytes.toString('utf8') : String(value.value),
    ]
  })
  return Object.fromEntries(pairs)
}

export interface SeenSpan {
  readonly trace: string
  readonly id: string
  readonly parent: string
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/** TESTS ONLY: a collector that takes OTLP over HTTP in protobuf, and reads what comes (opentelemetry-proto 1.x). */
export async function startCollector() {
  const spans: SeenSpan[] = []
  const metrics = new Map<string, string>()
  const resources: Readonly<Record<string, string>>[] = []
  const raw: Buffer[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    raw.push(body)
    for (const one of all(body, 1)) {
      for (const resource of all(one, 1)) resources.push(attributesOf(resource, 1))
      for (const scope of all(one, 2)) {
        for (const it of all(scope, 2)) {
          if (request.url === '/v1/metrics') metrics.set(text(it, 1), text(it, 3))
          else {
            const attributes = attributesOf(it, 9)
            spans.push({ trace: hex(it, 1), id: hex(it, 2), parent: hex(it, 4), name: text(it, 5), attributes })
          }
        }
      }
    }
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    resources,
    /** Everything that came, as it came. */
    everything: () => Buffer.concat(raw).toString('latin1'),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
