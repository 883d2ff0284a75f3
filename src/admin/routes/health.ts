import * as z from 'zod'
import { type Operation, serverOperation } from '../operation.ts'
import { moment, noParams, toMoment } from '../schemas/common.ts'

const health = serverOperation({
  method: 'GET',
  path: '/health',
  id: 'getHealth',
  tag: 'Health',
  summary: 'Whether the admin API can do its work',
  description: 'Reads and writes the store. 503 when it does not answer.',
  permission: 'read:health',
  params: noParams,
  responses: {
    200: {
      description: 'It can.',
      schema: z
        .strictObject({
          status: z.literal('ok'),
          now: moment.meta({ description: 'The server’s clock.' }),
          tenants: z.int(),
          factors: z.array(z.string()).meta({ description: 'Kinds this server knows.' }),
          channels: z.array(z.string()).meta({ description: 'Channels messages can leave through.' }),
        })
        .meta({ id: 'Health' }),
    },
  },
  problems: ['unavailable'],
  async handle({ admin: { parts } }) {
    await parts.store.check()
    const tenants = (await parts.store.everyTenant()).length
    const [factors, channels] = [[...parts.factors.keys()], [...parts.channels].toSorted()]
    return { status: 200, body: { status: 'ok', now: toMoment(parts.clock.now()), tenants, factors, channels } }
  },
})

export const healthRoutes: readonly Operation[] = [health]
