import { z } from 'zod'
import type { Answer, Exchange, RouteGroup } from '#http/route.ts'
import { refusePlainly } from '#http/server.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Store } from '#ports/store.ts'
import type { DevelopmentClock } from './clock.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { outboxPage, outboxPagePolicy } from './outbox-page.ts'

export interface DevelopmentParts {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: DevelopmentClock
  /** Sends what is queued; of the dispatcher. The outbox waits for it, so that it shows what was just asked for. */
  readonly settle: () => Promise<void>
  /** PEM of the local CA; undefined when TLS is not ours. */
  readonly caPem: () => Promise<string | undefined>
}

const clockBody = z.union([
  z.object({ reset: z.literal(true) }),
  z.object({ advance_seconds: z.number().min(-3_153_600_000).max(3_153_600_000) }),
])

/** `/dev/*` (operating.md section 5). Mount it only with `development: true`; without it these paths are unknown. */
export function developmentGroup(parts: DevelopmentParts): RouteGroup {
  const outbox = createOutbox(parts)
  return {
    name: 'development',
    tenantless: true,
    refuse: refusePlainly,
    routes: [
      { method: 'GET', path: '/dev/outbox', handle: (exchange) => showOutbox(parts, outbox, exchange) },
      {
        method: 'DELETE',
        path: '/dev/outbox',
        handle: async () => {
          await briefly(parts.settle())
          await outbox.clear()
          return { status: 204 }
        },
      },
      {
        method: 'GET',
        path: '/dev/clock',
        handle: async () => ({
          status: 200,
          body: { now: iso(parts.clock), offset_seconds: parts.clock.offset() / 1_000 },
        }),
      },
      {
        method: 'POST',
        path: '/dev/clock',
        accepts: ['json'],
        handle: async (exchange) => moveClock(parts.clock, exchange.body),
      },
      { method: 'GET', path: '/dev/ca.pem', handle: () => showCa(parts) },
    ],
  }
}

async function showOutbox(parts: DevelopmentParts, outbox: Outbox, { headers, query }: Exchange): Promise<Answer> {
  if (headers.accept?.includes('text/html')) {
    const page = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': outboxPagePolicy }
    return { status: 200, headers: { ...page, vary: 'Accept' }, body: outboxPage }
  }
  await briefly(parts.settle())
  const { to, channel, after } = query
  return { status: 200, headers: { vary: 'Accept' }, body: { messages: await outbox.list({ to, channel, after }) } }
}

async function moveClock(clock: DevelopmentClock, body: unknown): Promise<Answer> {
  const parsed = clockBody.safeParse(body)
  const detail = 'Send {"advance_seconds": 31} or {"reset": true}'
  if (!parsed.success) return refusePlainly({ trouble: 'malformed', detail })
  try {
    if ('reset' in parsed.data) clock.reset()
    else clock.advance(parsed.data.advance_seconds)
  } catch (error) {
    if (error instanceof RangeError) return refusePlainly({ trouble: 'malformed', detail: error.message })
    throw error
  }
  await clock.shared()
  return { status: 200, body: { now: iso(clock) } }
}

async function showCa(parts: DevelopmentParts): Promise<Answer> {
  const pem = await parts.caPem()
  if (pem === undefined) return refusePlainly({ trouble: 'not-found' })
  const headers = {
    'content-type': 'application/x-pem-file',
    'content-disposition': 'attachment; filename="polyfactor-ca.pem"',
  }
  return { status: 200, headers, body: pem }
}

const iso = (clock: DevelopmentClock) => new Date(clock.now()).toISOString()

/** A real provider may be slow; the outbox then shows what there is. */
async function briefly(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1_000)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
