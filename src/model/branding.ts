/** What a tenant says about the look of its pages and mails. */
export interface Branding {
  /** A picture as `data:image/…;base64,…`: nothing is loaded from anybody else. */
  readonly logo?: string
  /** Colours are `#rrggbb`. */
  readonly accent?: string
  readonly accentDark?: string
  readonly background?: string
  readonly backgroundDark?: string
  /** px, 0 to 32. */
  readonly radius?: number
  /** Names of fonts that readers have; nothing is loaded. */
  readonly font?: string
  /** Words of the pages that differ: by language, by key of the catalogue. */
  readonly texts?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What tenants' grounds must be readable under: the paler of the two colours in which words stand on them. */
export const wordsOnGround = { light: '#555c6b', dark: '#a7aebd' } as const
