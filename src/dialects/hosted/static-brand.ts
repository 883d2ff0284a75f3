import type { Branding } from '#model/branding.ts'
import { black, isColour, luminance, mixed, readable, white, wordsOn } from '#model/colours.ts'

export type { Branding } from '#model/branding.ts'
export { contrast, readable } from '#model/colours.ts'

/** The branding of a tenant. Operators write it, so everything is checked again before it becomes a style (S-134). */
export const brandingOf = ({ branding }: { readonly branding?: Branding }): Branding => branding ?? {}

const fonts = /^[\p{L}\p{N} ,'"-]{1,200}$/u
const picture = /^data:image\/(?:png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/]+=*$/

export const logoOf = ({ logo }: Branding): string | undefined =>
  logo !== undefined && picture.test(logo) ? logo : undefined

/** Card colours of web/styles/pages.css, which accents must be readable on. */
const cards = { light: '#ffffff', dark: '#171a21' } as const

function accentRules(accent: string, card: string): string {
  const own = readable(accent, card)
  const strong = mixed(own, luminance(card) > 0.5 ? black : white, 0.16)
  return `--accent:${own};--accent-strong:${strong};--on-accent:${wordsOn(own)};`
}

const given = (text: string | undefined): string | undefined =>
  text !== undefined && isColour(text) ? text : undefined

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
