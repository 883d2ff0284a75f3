/** What a tenant may say about the look of its pages. Everything is checked here again before it becomes a style (S-134). */
export interface Branding {
  /** A picture as `data:image/…;base64,…`. */
  readonly logo?: string
  /** `#rrggbb` */
  readonly accent?: string
  readonly accentDark?: string
  readonly background?: string
  readonly backgroundDark?: string
  /** px */
  readonly radius?: number
  /** Names of fonts that readers have; nothing is loaded. */
  readonly font?: string
  /** By language, by key of the catalogue. */
  readonly texts?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** The branding of a tenant. The model may not know the word yet, and operators write it: so it is read with care. */
export function brandingOf(tenant: object): Branding {
  const found = 'branding' in tenant ? tenant.branding : undefined
  return typeof found === 'object' && found !== null ? (found as Branding) : {}
}

const colour = /^#[0-9a-f]{6}$/i
const fonts = /^[\p{L}\p{N} ,'"-]{1,200}$/u
const picture = /^data:image\/(?:png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/]+=*$/

export const logoOf = ({ logo }: Branding): string | undefined =>
  logo !== undefined && picture.test(logo) ? logo : undefined

type Rgb = readonly [red: number, green: number, blue: number]

const parsed = (text: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as never
const shown = (rgb: Rgb): string => `#${rgb.map((it) => Math.round(it).toString(16).padStart(2, '0')).join('')}`
const mixed = (one: Rgb, other: Rgb, share: number): Rgb =>
  one.map((it, index) => it + ((other[index] ?? it) - it) * share) as never

/** Relative luminance (WCAG 2.2). */
function luminance(rgb: Rgb): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((it) => {
    const part = it / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(parsed(one)), luminance(parsed(other))].sort((a, b) => b - a)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

const white = '#ffffff'
const black = '#000000'
/** What text needs, and a little more, since the accent also stands on a ground tinted with itself. */
const enough = 5.5

/** The colour itself, or as little lighter or darker as makes it readable on `card`. */
export function readable(accent: string, card: string): string {
  const towards = luminance(parsed(card)) > 0.4 ? black : white
  const steps = Array.from({ length: 21 }, (_, step) => shown(mixed(parsed(accent), parsed(towards), step / 20)))
  return steps.find((it) => contrast(it, card) >= enough) ?? towards
}

/** Card colours of web/styles/pages.css, which accents must be readable on. */
const cards = { light: '#ffffff', dark: '#171a21' } as const

function accentRules(accent: string, card: string): string {
  const own = readable(accent, card)
  const on = contrast(own, white) >= contrast(own, black) ? white : black
  const strong = shown(mixed(parsed(own), parsed(card === cards.light ? black : white), 0.16))
  return `--accent:${own};--accent-strong:${strong};--on-accent:${on};`
}

const given = (text: string | undefined): string | undefined =>
  text !== undefined && colour.test(text) ? text : undefined

/** The style sheet of a tenant: custom properties and nothing else. */
export function brandCss(brand: Branding): string {
  const { radius } = brand
  const common = [
    typeof radius === 'number' && radius >= 0 && radius <= 32 ? `--radius:${radius}px;` : '',
    brand.font !== undefined && fonts.test(brand.font) ? `--font:${brand.font}, system-ui, sans-serif;` : '',
  ].join('')
  const light = themeRules(given(brand.accent), given(brand.background), cards.light)
  const dark = themeRules(given(brand.accentDark) ?? given(brand.accent), given(brand.backgroundDark), cards.dark)
  const rules = [
    common || light ? `:root{${common}${light}}` : '',
    dark ? `@media (prefers-color-scheme:dark){:root{${dark}}}` : '',
  ]
  return rules.filter((it) => it !== '').join('\n')
}

function themeRules(accent: string | undefined, background: string | undefined, card: string): string {
  return `${accent === undefined ? '' : accentRules(accent, card)}${background === undefined ? '' : `--ground:${background};`}`
}
