import type { Act } from '#model/ticket.ts'
import type { Situation } from '../situation.ts'

/** Something that may still have to be done; undefined when it is not. One small file each, listed in index.ts. */
export type Step = (situation: Situation) => Act | undefined
