import type { Condition } from './situation.ts'

/**
 * A second factor because the request asks for one (`acr`, step-up): policy may want more, never less, and no
 * remembered device stands in for it (S-48, S-118). Who has none may enrol one on the way.
 */
export const askedFor: Condition = ({ wish }) => (wish.secondFactor === true ? {} : undefined)
