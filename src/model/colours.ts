/** Colours as `#rrggbb`, and whether they can be read on each other (WCAG 2.2, relative luminance and contrast ratio). */

type Rgb = readonly [red: number, green: number, blue: number]

export const isColour = (text: string): boolean => /^#[0-9a-f]{6}$/i.test(text)

const parsed = (text: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as never
const shown = (rgb: Rgb): string => `#${rgb.map((it) => Math.round(it).toString(16).padStart(2, '0')).join('')}`

export const white = '#ffffff'
export const black = '#000000'

/** One colour with a share (0 to 1) of another. */
export function mixed(one: string, other: string, share: number): string {
  const to = parsed(other)
  return shown(parsed(one).map((it, index) => it + ((to[index] ?? it) - it) * share) as never)
}

/** Relative luminance, 0 (black) to 1 (white). */
export function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = parsed(colour).map((it) => {
    const part = it / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

/** What text needs (4.5), and a little more, since the accent also stands on a ground tinted with itself. */
const enough = 5.5

/** The colour itself, or as little lighter or darker as makes it readable on `ground`. */
export function readable(colour: string, ground: string): string {
  const towards = luminance(ground) > 0.4 ? black : white
  const steps = Array.from({ length: 21 }, (_, step) => mixed(colour, towards, step / 20))
  return steps.find((it) => contrast(it, ground) >= enough) ?? towards
}

/** Black or white, whichever reads better on it; one of the two always reaches 4.5 to 1. */
export const wordsOn = (ground: string): string => (contrast(ground, white) >= contrast(ground, black) ? white : black)
