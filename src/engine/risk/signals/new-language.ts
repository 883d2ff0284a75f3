import { hintWeight } from '../settings.ts'
import type { Signal } from './signal.ts'

/** The browser asks for a language it never asked for when this user came, or for none where it always asked for some. */
export const newLanguage: Signal = {
  name: 'new_language',
  look: ({ hints }) =>
    hints?.newLanguage ? { weight: hintWeight, why: 'language-never-seen', inputs: {} } : undefined,
}
