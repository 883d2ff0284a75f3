import type { Signal } from './signal.ts'

/** A country the user was never seen in; or nobody knows where, and the address is new as well. */
export const newCountry: Signal = {
  name: 'new_country',
  look({ ownLogins, network }): ReturnType<Signal['look']> {
    if (ownLogins === 0) return undefined
    const [address = 0, system = 0, country = 0] = network.user
    if (network.country !== undefined) {
      if (country > 0) return undefined
      return { weight: 1, why: 'country-never-seen', inputs: { country: network.country } }
    }
    return address > 0 || system > 0 ? undefined : { weight: 1, why: 'country-unknown', inputs: {} }
  },
}
