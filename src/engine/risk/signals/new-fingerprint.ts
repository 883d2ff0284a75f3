import { hintWeight } from '../settings.ts'
import type { Signal } from './signal.ts'

/** The page sends another mark of the browser than it ever sent for this user, or none where it always sent one. */
export const newFingerprint: Signal = {
  name: 'new_fingerprint',
  look: ({ hints }) =>
    hints?.newFingerprint ? { weight: hintWeight, why: 'fingerprint-never-seen', inputs: {} } : undefined,
}
