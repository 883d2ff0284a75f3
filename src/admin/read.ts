import type * as z from 'zod'
import type { Exchange } from '#http/route.ts'
import type { Operation } from './operation.ts'
import { invalid, type Problem } from './problems.ts'
import type { Detail } from './schemas/common.ts'

export interface Read {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly problem?: undefined
}

/** Checks path, query and body of a request against the declaration of its route; unknown members are refused (S-144). */
export function readRequest(it: Operation, exchange: Exchange): Read | Problem {
  if (exchange.repeated.length > 0) {
    return invalid('A query parameter stands there twice', [
      { path: exchange.repeated[0] ?? '', message: 'is repeated' },
    ])
  }
  const params = it.params.safeParse(exchange.params)
  if (!params.success) return wrong('path', params.error)
  const query = it.query === undefined ? undefined : it.query.safeParse(exchange.query)
  if (query?.success === false) return wrong('query', query.error)
  const [unasked] = it.query === undefined ? Object.keys(exchange.query) : []
  if (unasked !== undefined)
    return invalid('The query is not as it should be', [{ path: unasked, message: 'is unknown' }])
  if (it.body === undefined) {
    if (exchange.body !== undefined) return invalid('This request takes no body')
    return { params: params.data, query: query?.data ?? {}, body: undefined }
  }
  const given = exchange.body === undefined && it.bodyOptional ? {} : exchange.body
  if (given === undefined) return invalid('This request needs a body of JSON')
  const body = it.body.safeParse(given)
  if (!body.success) return wrong('body', body.error)
  return { params: params.data, query: query?.data ?? {}, body: body.data }
}

function wrong(where: string, error: z.ZodError): Problem {
  return invalid(`The ${where} is not as it should be`, detailsOf(error))
}

/** What is wrong with it, place by place. Messages name what is expected and never quote what came (S-148). */
export function detailsOf(error: z.ZodError): readonly Detail[] {
  return error.issues.slice(0, 20).map((issue) => ({ path: pathText(issue.path), message: messageOf(issue) }))
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown: ${issue.keys.slice(0, 5).join(', ')}`
  const mend = issue.code === 'custom' ? issue.params?.mend : undefined
  return typeof mend === 'string' ? `${issue.message}. ${mend}` : issue.message
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    '',
  )
}
