import * as z from 'zod'
import { wordsOnGround } from '#model/branding.ts'
import { contrast, isColour } from '#model/colours.ts'
import { rule } from './fields.ts'

/** A tenant's face (docs/design.md): nothing in it can load anything, run anything, or make words unreadable. */

const hex = rule(
  z.string(),
  isColour,
  'is no colour',
  'Write six hexadecimal digits, e.g. "#4338ca", in quotes',
).overwrite((text) => text.toLowerCase())

/** Words stand on the background itself, so it has to let them be read (4.5 to 1, WCAG 2.2). */
const ground = (theme: 'light' | 'dark') =>
  rule(
    hex,
    (colour) => !isColour(colour) || contrast(colour, wordsOnGround[theme]) >= 4.5,
    `makes the words on it unreadable in ${theme} mode`,
    theme === 'light' ? 'Choose a paler colour, e.g. "#f4f5f9"' : 'Choose a darker colour, e.g. "#0e1015"',
  )

/** Characters. It stands in every page, and has to fit a request of the admin API. */
const mostLogo = 48 * 1024

const logo = rule(
  rule(
    z.string(),
    (text) => /^data:image\/(?:png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/]+=*$/.test(text),
    'is no picture that can be shown without asking anybody else for it',
    'Write it as data:image/png;base64,… (png, jpeg, webp or svg+xml); addresses are not loaded',
  ),
  (text) => text.length <= mostLogo,
  'is too large: it goes into every page',
  'Use at most 48 KiB; 240 by 80 pixels are enough',
)

const font = rule(
  z.string(),
  (text) => /^[\p{L}\p{N} ,'"-]{1,200}$/u.test(text) && balanced(text),
  'is no list of font names',
  'Name fonts that readers have, e.g. "Georgia, \'Times New Roman\', serif"; nothing is loaded',
)

/** Quotes in pairs and none inside another: an open one would swallow what follows it in the style sheet. */
const balanced = (text: string): boolean => /^(?:[^'"]|'[^'"]*'|"[^'"]*")*$/.test(text)

const texts = z.record(
  rule(z.string(), (it) => /^[a-z]{2,3}$/.test(it), 'is no language', 'Use its two letters, e.g. de'),
  z.record(
    rule(z.string(), (it) => /^[a-z][a-z0-9.-]{0,63}$/.test(it), 'is no key of a text', 'See web/texts/en.ts'),
    z.string().max(500),
  ),
)

export const branding = z
  .strictObject({
    logo: logo.optional().meta({ description: 'A picture as data:image/…;base64,…, shown above the card.' }),
    accent: hex.optional().meta({
      description: 'Colour of buttons and links, #rrggbb. Made readable by itself where it is too pale.',
    }),
    accent_dark: hex.optional().meta({ description: 'The same in dark mode; absent: made from `accent`.' }),
    background: ground('light').optional().meta({ description: 'Ground behind the card, #rrggbb.' }),
    background_dark: ground('dark').optional(),
    radius: z.number().min(0).max(32).optional().meta({ description: 'Roundness of corners in px.' }),
    font: font.optional().meta({ description: 'Names of fonts readers have; nothing is loaded.' }),
    texts: texts.optional().meta({
      description: 'Words of the pages that differ, by language and key (web/texts/en.ts has the keys).',
    }),
  })
  .meta({ description: 'The face of the hosted pages and mails.' })
