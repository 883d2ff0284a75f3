import { useEffect, useState } from 'react'
import { Card } from '../base/Card.tsx'
import { Emblem } from '../base/Icon.tsx'
import { Notice } from '../base/Notice.tsx'
import { useSpeech } from '../texts.tsx'
import { AccountList } from './AccountList.tsx'
import { AddDevice } from './AddDevice.tsx'
import { type Account, readAccounts } from './keys.ts'
import { meetServer } from './server.ts'

/** The secret behind the `#` of a link, which no server sees. */
const secretHere = (): string | undefined => /^#enrol=([\w-]{20,128})$/.exec(location.hash)?.[1]

/** Takes the secret out of the address, so that it stays in no history. */
const forgetSecret = (): void => history.replaceState(null, '', location.pathname)

/** The page of a device that approves sign-ins. */
export function Authenticator({ tenant }: { readonly tenant: string }) {
  const { t } = useSpeech()
  const [accounts, setAccounts] = useState<readonly Account[]>()
  const [failed, setFailed] = useState(false)
  const [secret, setSecret] = useState(secretHere)
  const [added, setAdded] = useState<Account>()

  useEffect(() => {
    // The server's clock is learnt first: statements go by it.
    meetServer()
      .then(readAccounts)
      .then(setAccounts)
      .catch(() => setFailed(true))
    const changed = () => setSecret(secretHere())
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])

  const done = () => {
    forgetSecret()
    setSecret(undefined)
  }
  if (failed) {
    return (
      <Card title={t('authenticator.title')} emblem={<Emblem name="push" />} focus>
        <Notice kind="error">{t('authenticator.unsupported')}</Notice>
      </Card>
    )
  }
  if (accounts === undefined) return null
  if (secret !== undefined) {
    return (
      <AddDevice
        secret={secret}
        tenant={tenant}
        onAdded={(account) => {
          done()
          setAdded(account)
          setAccounts([...accounts, account])
        }}
        onCancel={done}
      />
    )
  }
  return (
    <AccountList
      accounts={accounts}
      said={added === undefined ? undefined : t('authenticator.added', { account: added.account })}
      onGone={(kid) => setAccounts(accounts.filter((it) => it.kid !== kid))}
    />
  )
}
