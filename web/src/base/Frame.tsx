import type { ReactNode } from 'react'
import { languages, names } from '../../texts/languages.ts'
import { isLanguage, useSpeech } from '../texts.tsx'

interface Properties {
  readonly tenant: string
  readonly logo?: string | undefined
  readonly wide: boolean
  readonly children: ReactNode
}

/** What stands around every page: the tenant's mark above, the choice of language below. */
export function Frame({ tenant, logo, wide, children }: Properties) {
  return (
    <div className={wide ? 'frame frame-wide' : 'frame'}>
      <header className="brand">
        {logo === undefined ? (
          <>
            <span className="brand-mark" aria-hidden="true">
              {firstLetter(tenant)}
            </span>
            <span className="brand-name">{tenant}</span>
          </>
        ) : (
          <img className="brand-logo" src={logo} alt={tenant} />
        )}
      </header>
      <main>{children}</main>
      <footer className="foot">
        <LanguageChoice />
      </footer>
    </div>
  )
}

const firstLetter = (name: string): string => [...name.trim()][0]?.toLocaleUpperCase() ?? '·'

function LanguageChoice() {
  const { t, language, choose } = useSpeech()
  return (
    <label className="language">
      <span className="unseen">{t('common.language')}</span>
      <select value={language} onChange={({ target }) => isLanguage(target.value) && choose(target.value)}>
        {Object.keys(languages).map((it) => (
          <option key={it} value={it} lang={it}>
            {names[it as keyof typeof names]}
          </option>
        ))}
      </select>
    </label>
  )
}
