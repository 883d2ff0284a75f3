import { lazy, type ReactNode, Suspense } from 'react'
import { Frame } from './base/Frame.tsx'
import type { PageData } from './data.ts'
import { Flow } from './flow/Flow.tsx'
import { Said } from './Said.tsx'
import { SpeechProvider } from './texts.tsx'
import { useWords, type Words } from './words.ts'

const AccountPage = lazy(() => import('./account/AccountPage.tsx'))
const ResetPassword = lazy(() => import('./ResetPassword.tsx'))

interface Properties {
  readonly data: PageData
  readonly first: Words
}

export function App({ data, first }: Properties) {
  const { language, catalogue, choose } = useWords(first, data.texts)
  return (
    <SpeechProvider language={language} catalogue={catalogue} choose={choose}>
      {/* Around everything: what is drawn first is drawn whole, so that nothing moves. */}
      <Suspense fallback={null}>
        <Frame tenant={data.tenant} logo={data.logo} wide={data.page === 'account'}>
          {pageOf(data)}
        </Frame>
      </Suspense>
    </SpeechProvider>
  )
}

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
    case 'authenticator':
      // It has an entry of its own, and this one never draws it.
      return null
    case 'error':
      return <Said title="error.title" text="error.unknown" icon="alert" />
  }
}
