import { Frame } from '../base/Frame.tsx'
import type { PageData } from '../data.ts'
import { SpeechProvider } from '../texts.tsx'
import { useWords, type Words } from '../words.ts'
import { Authenticator } from './Authenticator.tsx'

/** The authenticator in the tenant's own frame and words. */
export function AuthenticatorPage({ data, first }: { readonly data: PageData; readonly first: Words }) {
  const { language, catalogue, choose } = useWords(first, data.texts)
  return (
    <SpeechProvider language={language} catalogue={catalogue} choose={choose}>
      <Frame tenant={data.tenant} logo={data.logo} wide={false}>
        <Authenticator tenant={data.tenant} />
      </Frame>
    </SpeechProvider>
  )
}
