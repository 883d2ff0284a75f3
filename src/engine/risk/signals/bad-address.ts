import { highWeight } from '../settings.ts'
import type { Signal } from './signal.ts'

/** The address is on the tenant's list. */
export const badAddress: Signal = {
  name: 'bad_address',
  look: ({ network }) => (network.bad ? { weight: highWeight, why: 'address-on-the-list', inputs: {} } : undefined),
}
