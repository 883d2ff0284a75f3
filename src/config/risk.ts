import * as z from 'zod'
import { signalNames } from '#model/risk.ts'
import * as field from './fields.ts'
import { rule } from './fields.ts'

const share = z.number().min(0).max(1)
const score = z.number().min(0).max(1_000_000)

const thresholds = rule(
  z.strictObject({ ask: score, high: score }),
  ({ ask, high }) => ask <= high,
  'has high below ask',
  'Make high at least as large as ask',
)

/** How a tenant has logins rated (docs/risk.md). */
export const risk = rule(
  z.strictObject({
    signals_off: z.array(z.enum(signalNames)).optional().meta({ description: 'Signals that are not looked at.' }),
    bad_addresses: z.array(field.cidr).max(1_000).optional().meta({
      description: 'Addresses and CIDR blocks from which every login is of high risk.',
    }),
    on_high: z.enum(['strong_factor', 'refuse']).optional().meta({
      description: 'What a login of high risk meets. Default: strong_factor.',
    }),
    ask_share: share.optional().meta({
      description: 'Share of the users’ own logins whose score asks for a second factor. Default 0.1.',
    }),
    high_share: share.optional().meta({ description: 'Share whose score counts twice. Default 0.005.' }),
    thresholds: thresholds.optional().meta({
      description: 'Scores that stand still, instead of those computed each night from the shares.',
    }),
    keep_days: z.int().min(1).max(180).optional().meta({
      description: 'Days decisions and counters are kept. Default 180, the most there is.',
    }),
  }),
  (it) => (it.high_share ?? 0) <= (it.ask_share ?? 1),
  'has high_share above ask_share',
  'Make high_share at most as large as ask_share',
)
