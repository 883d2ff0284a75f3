import * as z from 'zod'

/** Words of `error`. */
export const problemWords = [
  'invalid_request',
  'unauthorized',
  'not_found',
  'method_not_allowed',
  'conflict',
  'too_large',
  'unsupported_media_type',
  'server_error',
  'unavailable',
] as const
export type ProblemWord = (typeof problemWords)[number]

const detail = z.strictObject({
  path: z.string().meta({ description: 'Where in the request, such as `users[3].email`.' }),
  message: z.string(),
})
export type Detail = z.output<typeof detail>

/** Every refusal looks like this. */
export const problem = z
  .strictObject({
    error: z.enum(problemWords),
    message: z.string(),
    details: z.array(detail),
    request_id: z.string().meta({ description: 'Also in the header `x-request-id` and in the log.' }),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused.' })

/** Moments are ISO 8601 in UTC. */
export const moment = z.iso.datetime()
export const toMoment = (ms: number): string => new Date(ms).toISOString()

const id = z.string().min(1).max(1024)
export const noParams = z.strictObject({})
export const tenantParams = z.strictObject({ tenant: id.meta({ description: 'Id of the tenant.' }) })
export const userParams = tenantParams.extend({ user: id.meta({ description: 'Id of the user.' }) })

/** Query of every list. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(100).default(50).meta({ description: 'Rows a page, at most.' }),
  after: z.string().min(1).max(256).optional().meta({ description: '`next` of the page before.' }),
} as const

/** One page of a list. */
export const pageOf = <S extends z.ZodType>(item: S) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().optional().meta({ description: 'Give it as `after` for the next page; absent at the end.' }),
  })

/** Splits off the row too many that was read to learn whether there is a next page. */
export function page<R extends { readonly id: string }, V>(
  rows: readonly R[],
  limit: number,
  view: (row: R) => V,
): { readonly items: readonly V[]; readonly next?: string } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(view), ...(rows.length > limit && last ? { next: last.id } : {}) }
}
