import { writeSync } from 'node:fs'
import { type Logger, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'

export type { Logger }

/**
 * What a log line may carry beside level, time and message. All else is dropped and only its name is kept under
 * `dropped`, so that a forgotten field shows in development and a secret never does (S-148). Values must be plain:
 * text (cut at 512 characters), numbers, true and false.
 *
 * Ids only: an e-mail address, phone number, client address, code, token or request body has no name here.
 */
export const logFields = [
  'application',
  'attempt',
  'authenticator',
  'channel',
  'client',
  'code',
  'count',
  'event',
  'factor',
  'file',
  'host',
  'key',
  'mend',
  'method',
  'ms',
  'phase',
  'port',
  'provider',
  'purpose',
  'reason',
  'reqId',
  'responseTime',
  'route',
  'signal',
  'size',
  'status',
  'store',
  'tenant',
  'user',
  'version',
  'worker',
] as const

const plain: ReadonlySet<string> = new Set(logFields)

/** Objects that are known whole; each is reduced to what its serializer lists. */
const serializers = { err: describeError, req: describeRequest, res: describeResponse }

export type LogOptions = {
  readonly level: string
  /** For a terminal; default: whether stderr is one. */
  readonly pretty?: boolean
  /** Where lines go; default stderr, at once, so that nothing is lost when the process ends. */
  readonly write?: (line: string) => void
}

/** The server's log: JSON lines on stderr, coloured on a terminal, one event one line (S-149). */
export function createLog({ level, pretty = process.stderr.isTTY === true, write = toStderr }: LogOptions): Logger {
  const format = prettyFactory({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' })
  const stream = { write: (line: string) => write(pretty ? format(harmless(line)) : oneLine(line)) }
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'msg',
      serializers,
      formatters: { level: (label) => ({ level: label }), log: pick },
      // Second net under the list above, should one of its serializers ever grow.
      redact: { paths: redacted, censor: '[redacted]' },
    },
    stream,
  )
  return withPickedBindings(log)
}

// pino runs no formatter over the bindings of a child, so they are picked here; grandchildren inherit this method.
function withPickedBindings(log: Logger): Logger {
  const child = log.child
  log.child = function picked(this: Logger, bindings: object, options?: object) {
    return child.call(this, pick(bindings as Readonly<Record<string, unknown>>), options)
  } as typeof log.child
  return log
}

const secretNames = ['authorization', 'cookie', 'password', 'secret', 'token', 'code', 'body', 'headers', 'query']
const redacted = ['req', 'res', 'err'].flatMap((part) =>
  secretNames.filter((name) => !(part === 'err' && name === 'code')).map((name) => `${part}.${name}`),
)

function toStderr(line: string): void {
  try {
    writeSync(2, line)
  } catch {
    // Nobody reads (EPIPE) or a full pipe (EAGAIN): losing a log line is better than failing a login.
  }
}

function pick(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  const dropped: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (name in serializers) kept[name] = value
    else if (plain.has(name) && isPlain(value)) kept[name] = typeof value === 'string' ? value.slice(0, 512) : value
    else if (value !== undefined) dropped.push(name)
  }
  if (dropped.length > 0) kept.dropped = dropped.join(' ')
  return kept
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/**
 * Kind, code and place of an error. Parsers quote their input in the message, so the message of a SyntaxError is left
 * out; the frames name files and lines only.
 */
function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { type: typeof error }
  const { code } = error as { code?: unknown }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    code: isPlain(code) ? code : undefined,
    message: error instanceof SyntaxError ? undefined : error.message.slice(0, 512),
    at: frames.slice(0, 12).map((line) => line.trim().slice(3)),
    cause: error.cause instanceof Error ? describeError(error.cause) : undefined,
  }
}

// The route's pattern and not its URL: paths and queries carry codes, tokens and addresses.
function describeRequest(request: unknown): Readonly<Record<string, unknown>> {
  const { method, routeOptions } = (request ?? {}) as { method?: unknown; routeOptions?: { url?: unknown } }
  return {
    method: isPlain(method) ? method : undefined,
    route: isPlain(routeOptions?.url) ? routeOptions?.url : undefined,
  }
}

function describeResponse(response: unknown): Readonly<Record<string, unknown>> {
  const { statusCode } = (response ?? {}) as { statusCode?: unknown }
  return { status: isPlain(statusCode) ? statusCode : undefined }
}

/** JSON leaves these as they are inside texts, and viewers break lines or change direction at them. */
const unruly = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function oneLine(line: string): string {
  return line.replace(unruly, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** For a terminal: escapes stay escapes after parsing, so no text can break the line or move the cursor. */
function harmless(line: string): string {
  return oneLine(line).replace(/\\(\\|"|\/|[bfnrt]|u[0-9a-fA-F]{4})/g, (sequence, kind: string) =>
    /^(b|f|n|r|t|u00[0189]|u007f|u20|u206)/i.test(kind) ? `\\${sequence}` : sequence,
  )
}
