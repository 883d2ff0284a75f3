import { z } from 'zod'
import type { Exchange } from '#http/route.ts'
import { inputOf } from '../input.ts'

/** Fewer are no set that could be confirmed, and more nobody answers (docs/configuration.md). */
const own = z.array(z.string().trim().min(3).max(200)).min(3).max(10)

/**
 * The questions a set-up offers: those the user has made up, as version 3 of the SDKs sent them (cidaas.md §5.2), else the
 * tenant's. `unfit`: there are none, or they cannot be asked.
 */
export function questionsFor(exchange: Exchange): readonly string[] | 'unfit' {
  const sent = inputOf(exchange).raw('security_questions')
  if (sent === undefined || sent === null) return exchange.tenant.securityQuestions ?? 'unfit'
  const read = own.safeParse(sent)
  return read.success && new Set(read.data).size === read.data.length ? read.data : 'unfit'
}
