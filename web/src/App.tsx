import { lazy, type ReactNode, Suspense, useCallback, useState } from 'react'
import type { Catalogue } from '../texts/en.ts'
import { Frame } from './base/Frame.tsx'
import type { PageData } from './data.ts'
import { Flow } from './flow/Flow.tsx'
import { preferLanguage } from './language.ts'
import { Said } from './Said.tsx'
import { type Language, loadCatalogue, SpeechProvider } from './texts.tsx'

const AccountPage = lazy(() => import('./account/AccountPage.tsx'))
const ResetPassword = lazy(() => import('./ResetPassword.tsx'))

interface Words {
  readonly language: Language
  readonly catalogue: Catalogue
}

interface Properties {
  readonly data: PageData
  readonly first: Words
}

export function App({ data, first }: Properties) {
  const [words, setWords] = useState(first)
  const choose = useCallback(async (language: Language) => {
    const catalogue = await loadCatalogue(language)
    preferLanguage(language, true)
    setWords({ language, catalogue })
  }, [])
  return (
    <SpeechProvider language={words.language} catalogue={withOwn(words.catalogue, data.texts)} choose={choose}>
      {/* Around everything: what is drawn first is drawn whole, so that nothing moves. */}
      <Suspense fallback={null}>
        <Frame tenant={data.tenant} logo={data.logo} wide={data.page === 'account'}>
          {pageOf(data)}
        </Frame>
      </Suspense>
    </SpeechProvider>
  )
}

const withOwn = (catalogue: Catalogue, own: PageData['texts']): Catalogue =>
  own === undefined ? catalogue : { ...catalogue, ...own }

function pageOf(data: PageData): ReactNode {
  switch (data.page) {
    case 'login':
      return <Flow id={data.flow ?? ''} first={data.state} error={data.error} />
    case 'account':
      return <AccountPage first={data.account} tenant={data.tenant} />
    case 'reset-password':
      return <ResetPassword ticket={data.ticket ?? ''} />
    case 'signed-out':
      return <Said title="signed-out.title" text="signed-out.text" icon="check" />
    case 'error':
      return <Said title="error.title" text="error.unknown" icon="alert" />
  }
}
