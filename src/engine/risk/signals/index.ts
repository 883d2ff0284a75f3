import { badAddress } from './bad-address.ts'
import { claimedPlace } from './claimed-place.ts'
import { dormantAccount } from './dormant-account.ts'
import { failureVelocity } from './failure-velocity.ts'
import { impossibleTravel } from './impossible-travel.ts'
import { likelihood } from './likelihood.ts'
import { newCountry } from './new-country.ts'
import { newDevice } from './new-device.ts'
import { newFingerprint } from './new-fingerprint.ts'
import { newLanguage } from './new-language.ts'
import type { Signal } from './signal.ts'
import { unusualHour } from './unusual-hour.ts'

/** All signals, in the order their findings are told in. */
export const signals: readonly Signal[] = [
  badAddress,
  failureVelocity,
  impossibleTravel,
  newCountry,
  newDevice,
  likelihood,
  dormantAccount,
  unusualHour,
  newLanguage,
  newFingerprint,
  claimedPlace,
]
