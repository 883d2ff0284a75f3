import { createContext, type ReactNode, use, useMemo } from 'react'
import type { Catalogue, TextKey } from '../texts/en.ts'
import { type Language, languages } from '../texts/languages.ts'

export type { Language } from '../texts/languages.ts'

export const isLanguage = (text: string | null | undefined): text is Language =>
  text !== null && text !== undefined && Object.hasOwn(languages, text)

const files = import.meta.glob<Record<string, Catalogue>>(['../texts/*.ts', '!../texts/languages.ts'])

/** Fetches the words of one language; only this one is loaded. */
export async function loadCatalogue(language: Language): Promise<Catalogue> {
  const module = await files[`../texts/${language}.ts`]?.()
  const catalogue = module?.[language]
  if (catalogue === undefined) throw new Error(`no catalogue for ${language}`)
  return catalogue
}

type Values = Readonly<Record<string, string | number>>

/** Puts values into `{name}` places; an unknown name stays as it is, so that it is seen. */
export const fill = (text: string, values: Values = {}): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))

export interface Speech {
  readonly language: Language
  readonly t: (key: TextKey, values?: Values) => string
  /** Whether there are words of this name: for codes that the server may have more of than we know. */
  readonly has: (key: string) => key is TextKey
  readonly date: (at: number) => string
  /** `0:25`, for waits. */
  readonly wait: (seconds: number) => string
  readonly choose: (language: Language) => void
}

const SpeechContext = createContext<Speech | undefined>(undefined)

export function useSpeech(): Speech {
  const speech = use(SpeechContext)
  if (speech === undefined) throw new Error('no words around this component')
  return speech
}

interface Properties {
  readonly language: Language
  readonly catalogue: Catalogue
  readonly choose: (language: Language) => void
  readonly children: ReactNode
}

export function SpeechProvider({ language, catalogue, choose, children }: Properties) {
  const speech = useMemo(() => speak(language, catalogue, choose), [language, catalogue, choose])
  return <SpeechContext value={speech}>{children}</SpeechContext>
}

function speak(language: Language, catalogue: Catalogue, choose: (language: Language) => void): Speech {
  const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const minutes = new Intl.NumberFormat(language)
  const seconds = new Intl.NumberFormat(language, { minimumIntegerDigits: 2 })
  return {
    language,
    choose,
    t: (key, values) => fill(catalogue[key], values),
    has: (key): key is TextKey => Object.hasOwn(catalogue, key),
    date: (at) => dates.format(at),
    wait: (whole) => `${minutes.format(Math.floor(whole / 60))}:${seconds.format(whole % 60)}`,
  }
}
