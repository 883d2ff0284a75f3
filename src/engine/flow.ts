import type { ClientId, UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { Ticket, Wish } from '#model/ticket.ts'

/**
 * What gives a caller the right to act for a user: the ticket of a flow in which the first factor was proved, or a
 * token whose scope covers it. The two have different rights (a token may add and remove, a ticket only the first).
 */
export type Flow =
  | {
      readonly by: 'ticket'
      readonly ticket: Ticket
      /** The handle the client holds, to name it again when more is to be proved. */
      readonly handle?: string
    }
  | {
      readonly by: 'token'
      /** Id of the token; enrolments started with it are confirmed with it. */
      readonly id: string
      readonly user: UserId
      readonly client: ClientId
      readonly proofs: readonly Proof[]
      readonly wish: Wish
    }

export const flowId = (flow: Flow): string => (flow.by === 'ticket' ? flow.ticket.id : `token:${flow.id}`)
export const flowUser = (flow: Flow): UserId => (flow.by === 'ticket' ? flow.ticket.user : flow.user)
