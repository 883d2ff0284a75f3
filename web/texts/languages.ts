/** Languages there is a catalogue for, with the way they run. */
export const languages = { en: 'ltr', de: 'ltr', fr: 'ltr', es: 'ltr', pt: 'ltr', ja: 'ltr', ar: 'rtl' } as const

export type Language = keyof typeof languages

/** What each calls itself. */
export const names: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  pt: 'Português',
  ja: '日本語',
  ar: 'العربية',
}
