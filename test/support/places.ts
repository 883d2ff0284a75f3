import type { NetworkOf, Networks } from '#ports/network.ts'

/** TESTS ONLY: networks of the documentation ranges, as if they were somewhere. */
const places: Readonly<Record<string, NetworkOf>> = {
  '192.0.2.': { country: 'NO', asn: 64_496, latitude: 59.91, longitude: 10.75 },
  '198.51.100.': { country: 'NO', asn: 64_497, latitude: 60.39, longitude: 5.32 },
  '203.0.113.': { country: 'BR', asn: 64_498, latitude: -23.55, longitude: -46.63 },
}

export const somePlaces: Networks = {
  lookup: (address) => Object.entries(places).find(([prefix]) => address.startsWith(prefix))?.[1],
}

export const home = '192.0.2.7'
export const sameCountry = '198.51.100.7'
export const farAway = '203.0.113.7'

export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
export const newerFirefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:129.0) Gecko/20100101 Firefox/129.0'
export const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'
