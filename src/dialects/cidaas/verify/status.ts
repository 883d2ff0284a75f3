import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { isUuid } from '../input.ts'
import { classic, nothing, ok, said } from '../wire.ts'
import { readStatus } from './statuses.ts'
import { progressOf } from './statuses-of-devices.ts'

/** How far a verification is, GET and its older POST twin with an empty body (cidaas.md §4.6). */
export async function status(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const id = exchange.params.status_id
  if (!isUuid(id)) return classic(dialect, said.badStatusId)
  const found = await readStatus(dialect, exchange.tenant.id, id)
  if (found === undefined) return nothing
  const { word: type, sub } = found
  const word = await progressOf(dialect, exchange, found)
  return ok({ id, status_id: id, status: word, verification_type: type, sub, ph_id: null, device_id: null })
}
