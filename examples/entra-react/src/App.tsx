import type { CustomAuthAccountData } from '@azure/msal-browser/custom-auth'
import { useState } from 'react'
import type { Auth } from './auth.ts'
import { Flow, type FlowName } from './Flow.tsx'
import { Heading, TextButton } from './parts.tsx'
import { Security } from './Security.tsx'

/** A small application: signed out it has three flows, signed in a page and its security. */
export function App({ auth }: { readonly auth: Auth }) {
  const [account, setAccount] = useState<CustomAuthAccountData | undefined>(() => auth.app.getCurrentAccount().data)
  const [flow, setFlow] = useState<FlowName>('sign-in')
  const [page, setPage] = useState<'notes' | 'security'>('notes')
  const signOut = async () => {
    await account?.signOut()
    setAccount(undefined)
    setFlow('sign-in')
    setPage('notes')
  }
  return (
    <>
      <header>
        <span className="brand">Larch Notes</span>
        {account !== undefined && (
          <nav aria-label="Main">
            <TextButton onClick={() => setPage('notes')}>Notes</TextButton>
            <TextButton onClick={() => setPage('security')}>Manage security</TextButton>
            <TextButton onClick={signOut}>Sign out</TextButton>
          </nav>
        )}
      </header>
      <main>
        {account === undefined ? (
          <Flow key={flow} auth={auth} name={flow} goTo={setFlow} onSignedIn={setAccount} />
        ) : page === 'notes' ? (
          <>
            <Heading>Welcome</Heading>
            <p>
              You are signed in as <strong>{account.getAccount().username}</strong>.
            </p>
          </>
        ) : (
          <Security auth={auth} account={account} />
        )}
      </main>
    </>
  )
}
