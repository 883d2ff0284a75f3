import { useCallback, useState } from 'react'
import type { Catalogue } from '../texts/en.ts'
import type { PageData } from './data.ts'
import { preferLanguage } from './language.ts'
import { type Language, loadCatalogue } from './texts.tsx'

export interface Words {
  readonly language: Language
  readonly catalogue: Catalogue
}

/** The words of a page, the tenant's own over ours, and how the reader changes their language. */
export function useWords(first: Words, own: PageData['texts']): Words & { readonly choose: (to: Language) => void } {
  const [words, setWords] = useState(first)
  const choose = useCallback(async (language: Language) => {
    const catalogue = await loadCatalogue(language)
    preferLanguage(language, true)
    setWords({ language, catalogue })
  }, [])
  const catalogue = own === undefined ? words.catalogue : { ...words.catalogue, ...own }
  return { language: words.language, catalogue, choose: (to) => void choose(to) }
}
