import { useEffect, useState } from 'react'
import { Card } from '../base/Card.tsx'
import { Emblem } from '../base/Icon.tsx'
import { Notice } from '../base/Notice.tsx'
import { useSpeech } from '../texts.tsx'
import { Accounts, AlertSection } from './Accounts.tsx'
import { type Alerts, alertsNow } from './alerts.ts'
import type { Account } from './keys.ts'
import { RequestCard } from './RequestCard.tsx'
import { useRequests } from './use-requests.ts'

interface Properties {
  readonly accounts: readonly Account[]
  /** What has just been done. */
  readonly said: string | undefined
  readonly onGone: (kid: string) => void
}

interface Told {
  readonly words: string
  readonly kind: 'success' | 'info' | 'error'
}

/** What waits, one at a time, above everything else; then the accounts. */
export function AccountList({ accounts, said, onGone }: Properties) {
  const { t } = useSpeech()
  const { pending, dead, offline, look } = useRequests(accounts)
  const [told, setTold] = useState<Told | undefined>(said === undefined ? undefined : { words: said, kind: 'success' })
  const [answered, setAnswered] = useState<ReadonlySet<string>>(new Set())
  const [alerts, setAlerts] = useState<Alerts>('none')
  useEffect(() => void alertsNow().then(setAlerts), [])
  const next = pending?.find(({ request }) => !answered.has(request.challenge))

  if (next !== undefined) {
    const { challenge } = next.request
    return (
      <RequestCard
        key={challenge}
        pending={next}
        onDone={(words, kind) => {
          setAnswered(new Set([...answered, challenge]))
          setTold({ words, kind })
          look()
        }}
      />
    )
  }
  const quiet = accounts.length === 0 ? t('authenticator.none') : t('authenticator.quiet')
  return (
    <div className="device">
      <Card title={t('authenticator.title')} lead={quiet} emblem={<Emblem name="push" />} focus>
        {offline && <Notice kind="error">{t('error.offline')}</Notice>}
        {told !== undefined && <Notice kind={told.kind}>{told.words}</Notice>}
      </Card>
      {accounts.length > 0 && (
        <>
          <Accounts accounts={accounts} dead={dead} onGone={onGone} />
          <AlertSection accounts={accounts} alerts={alerts} onChange={setAlerts} />
        </>
      )}
    </div>
  )
}
