import { type Language, languages } from '../texts/languages.ts'
import { isLanguage } from './texts.tsx'

const place = 'polyfactor.language'

/** The reader's own choice, kept in this browser, before the server's guess. */
export function chosenLanguage(guess: string): Language {
  const kept = read()
  if (isLanguage(kept)) return kept
  return isLanguage(guess) ? guess : 'en'
}

/** Tells the document, and with `keep` the next page too. */
export function preferLanguage(language: Language, keep = false): void {
  document.documentElement.lang = language
  document.documentElement.dir = languages[language]
  if (!keep) return
  try {
    localStorage.setItem(place, language)
  } catch {
    // Storage is off in this browser: the choice holds for this page.
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(place)
  } catch {
    return null
  }
}
