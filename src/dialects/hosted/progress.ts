import type { Ticket } from '#model/ticket.ts'
import type { FlowData } from '#oidc/flows.ts'
import type { Step } from './schemas.ts'

/** A challenge that was asked for; `handle` names it to the engine and never leaves the server. */
export interface Asked {
  readonly handle?: string
  readonly option: string
  readonly sentAt: number
  readonly expiresAt?: number
  readonly show?: object
}

/** An enrolment begun and not confirmed. */
export interface Enrolling {
  readonly handle?: string
  readonly id: string
  readonly factor: string
  readonly target?: string
  readonly sentAt: number
  readonly show?: object
}

/** How far a sign-in has come. What was proved is not here: it stands in the engine's ticket. */
export interface Progress {
  /** The session there was has been looked at. */
  readonly begun?: boolean
  readonly login?: string
  /** `login` is the account of the session, to be confirmed. */
  readonly known?: boolean
  readonly ticket?: string
  /** A question for a passkey, with the options for the browser; nobody is named in it. */
  readonly passkey?: {
    readonly handle: string
    readonly show: Readonly<Record<string, unknown>>
    readonly expiresAt: number
  }
  readonly asked?: Asked
  readonly enrolling?: Enrolling
  /** Saved codes the user has not yet said to have kept. */
  readonly codes?: { readonly codes: readonly string[]; readonly replaces: boolean }
  readonly agreed?: boolean
  readonly stuck?: string
  /** Row of the remembered device whose key was proved with the password. */
  readonly device?: string
  /** The last refusal, for pages without script. */
  readonly problem?: { readonly error: string; readonly retryAfter?: number; readonly reason?: string }
}

export type Data = FlowData<Progress>

/** Whether nothing is left to be done. */
export const isFinished = ({ granted, progress, order }: Data): boolean =>
  granted !== undefined && progress.codes === undefined && (order.consent !== true || progress.agreed === true)

/**
 * The step a flow is at, told from what has happened and from nothing a client says (S-54). `ticket` is the engine's,
 * alive; without it nothing counts as proved.
 */
export function stepOf(data: Data, ticket: Ticket | undefined): Step {
  const { progress, granted, error } = data
  if (error !== undefined) return 'done'
  if (granted !== undefined) {
    if (progress.codes !== undefined) return 'recovery-codes'
    return isFinished(data) ? 'done' : 'consent'
  }
  if (progress.stuck !== undefined) return 'stuck'
  // An invitation leads to an enrolment or nowhere, above all not to a sign-in.
  if (data.order.enrolment === true && ticket === undefined) return 'stuck'
  if (ticket !== undefined) return ticket.requirement.challenge === undefined ? 'enrol' : 'challenge'
  return progress.login === undefined ? 'identify' : 'password'
}
