import { tokenDigest } from '#crypto/digest.ts'
import { type Journey, journeyToken, readJourney } from '#engine/journeys/journey.ts'
import type { Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import { insert, put, row, upsert, type Write } from '#ports/store.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { isUuid } from '../input.ts'
import { type LoginRequest, readRequest } from '../requests.ts'

/**
 * Somebody who registers: a track of its own until the mailbox is proved. Whoever names an address that is taken gets one
 * as well, with no journey behind it, and can tell no difference (S-102).
 */
export interface Registration {
  readonly rowId: string
  readonly track: string
  /** The request it began in; a registration leads nowhere else. */
  readonly request: string
  /** How the new user is known until the login ends. */
  readonly sub: string
  readonly email: string
  /** Token of the journey, at the stage it stands. */
  readonly journey?: string
  /** Digest of the first browser that came by with cookies; none other goes on (docs/decisions/0004). */
  readonly browser?: string
}

const model = 'Registration'
/** As long as a track of the engine may take at the longest, ms. */
const lifetime = 1_800_000
const rowId = (track: string): string => `${model}:${tokenDigest(track)}`
const byAddress = ({ id }: LoginRequest, email: string): string => `${id} ${email.toLowerCase()}`

export async function openRegistration(
  { engine }: Dialect,
  { tenant }: Exchange,
  it: { readonly request: LoginRequest; readonly email: string; readonly journey: Journey | undefined },
): Promise<Registration> {
  const { random, clock, store } = engine.parts
  const track = random.id()
  const token = it.journey && journeyToken(engine.parts, it.journey)
  const kept = { track, request: it.request.id, sub: random.id(), email: it.email.toLowerCase(), journey: token }
  const found: Artifact = {
    tenant: tenant.id,
    id: rowId(track),
    model,
    payload: kept,
    client: it.request.client,
    expiresAt: clock.now() + lifetime,
  }
  // The masked id leads here too, for calls that name nothing else.
  const bySub: Artifact = { ...found, id: rowId(kept.sub), payload: { track } }
  // And so does the address, in the same request: some callers know nothing else. The latest one counts.
  const byEmail: Artifact = { ...bySub, id: rowId(byAddress(it.request, it.email)) }
  await store.change({}, () => ({
    result: undefined,
    writes: [insert('artifacts', found), insert('artifacts', bySub), upsert('artifacts', byEmail)],
  }))
  return { ...kept, rowId: found.id }
}

/** By its track, or by the masked id it gave out. Undefined: unknown, over, or used. */
export async function readRegistration(
  { engine }: Dialect,
  { tenant }: Pick<Exchange, 'tenant'>,
  handle: string | undefined,
): Promise<Registration | undefined> {
  return isUuid(handle) ? await read({ engine }, { tenant }, handle.toLowerCase()) : undefined
}

/** The one of an address in a request. */
export async function findRegistration(
  dialect: Pick<Dialect, 'engine'>,
  exchange: Pick<Exchange, 'tenant'>,
  request: LoginRequest,
  email: string | undefined,
): Promise<Registration | undefined> {
  return email === undefined ? undefined : await read(dialect, exchange, byAddress(request, email))
}

async function read(
  { engine }: Pick<Dialect, 'engine'>,
  { tenant }: Pick<Exchange, 'tenant'>,
  name: string,
): Promise<Registration | undefined> {
  const { store, clock } = engine.parts
  const get = (id: string) => store.get('artifacts', tenant.id, rowId(id))
  const first = await get(name)
  const named = first?.payload as { readonly track?: string; readonly sub?: string } | undefined
  const found = named?.track !== undefined && named.sub === undefined ? await get(named.track) : first
  const live = found !== undefined && found.consumedAt === undefined && (found.expiresAt ?? 0) > clock.now()
  return live ? { ...(found.payload as unknown as Omit<Registration, 'rowId'>), rowId: found.id } : undefined
}

/** The journey behind a registration, with its caller; undefined for those that have none. */
export async function journeyOf(dialect: Dialect, exchange: Exchange, { journey, request }: Registration) {
  const found = await readRequest(dialect, exchange, request)
  if (journey === undefined || found === undefined) return undefined
  const caller = callerOf(exchange, found.application)
  const read = await readJourney(dialect.engine.parts, caller, journey)
  return read.yes && { caller, journey: read.yes }
}

/** Notes what is new about a registration. */
export async function noteRegistration(
  { engine }: Dialect,
  { tenant }: Exchange,
  { rowId: id }: Registration,
  news: Pick<Registration, 'journey' | 'browser'>,
): Promise<void> {
  await engine.parts.store.change({ it: row('artifacts', tenant.id, id) }, ({ it }) => {
    const writes: readonly Write[] = it ? [put('artifacts', { ...it, payload: { ...it.payload, ...news } })] : []
    return { result: undefined, writes }
  })
}
