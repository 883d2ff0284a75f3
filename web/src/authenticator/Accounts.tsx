import { useState } from 'react'
import { Dialog } from '../account/Dialog.tsx'
import { Section } from '../account/Section.tsx'
import { Button } from '../base/Button.tsx'
import { Icon } from '../base/Icon.tsx'
import { Notice } from '../base/Notice.tsx'
import { useSpeech } from '../texts.tsx'
import { type Alerts, turnOn } from './alerts.ts'
import { type Account, dropAccount } from './keys.ts'
import { leave } from './server.ts'

interface Properties {
  readonly accounts: readonly Account[]
  readonly dead: ReadonlySet<string>
  readonly onGone: (kid: string) => void
}

/** The accounts that trust this device, each with a way out. */
export function Accounts({ accounts, dead, onGone }: Properties) {
  const { t, date } = useSpeech()
  const [subject, setSubject] = useState<Account>()
  return (
    <Section title={t('authenticator.accounts')} icon="user">
      <ul className="rows">
        {accounts.map((it) => (
          <li className="row" key={it.kid}>
            <span className="row-icon">
              <Icon name="user" />
            </span>
            <div className="row-text">
              <p className="row-title">
                <bdi>{it.account}</bdi>
              </p>
              <p className="row-about">
                <bdi>{it.tenant}</bdi>
              </p>
              <p className="row-about">
                {dead.has(it.kid) ? t('authenticator.removed') : t('account.added-at', { date: date(it.addedAt) })}
              </p>
            </div>
            <div className="row-actions">
              <Button kind="link" label={`${t('account.remove')}: ${it.account}`} onPress={() => setSubject(it)}>
                {t('account.remove')}
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {subject !== undefined && (
        <Remove
          account={subject}
          dead={dead.has(subject.kid)}
          onGone={() => {
            setSubject(undefined)
            onGone(subject.kid)
          }}
          onEnd={() => setSubject(undefined)}
        />
      )}
    </Section>
  )
}

interface RemoveProperties {
  readonly account: Account
  readonly dead: boolean
  readonly onGone: () => void
  readonly onEnd: () => void
}

function Remove({ account, dead, onGone, onEnd }: RemoveProperties) {
  const { t, has } = useSpeech()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  const remove = async () => {
    setBusy(true)
    // Asked anew, since what was last heard may be from before the account had confirmed this device.
    const reply = await leave(account)
    setBusy(false)
    const { error: why } = reply.ok ? { error: undefined } : reply.refusal
    if (reply.ok || why === 'factor-unknown' || (dead && why === 'offline')) {
      await dropAccount(account.kid)
      return onGone()
    }
    const key = `error.${reply.refusal.error}`
    setError(t(has(key) ? key : 'error.unknown'))
  }
  return (
    <Dialog title={t('account.remove-title', { name: account.account })} onClose={onEnd}>
      <p className="lead">{t('authenticator.remove-text', { account: account.account })}</p>
      {error !== undefined && <Notice kind="error">{error}</Notice>}
      <div className="actions actions-row">
        <Button kind="danger" busy={busy} onPress={() => void remove()}>
          {t('account.remove')}
        </Button>
        <Button kind="quiet" onPress={onEnd}>
          {t('common.cancel')}
        </Button>
      </div>
    </Dialog>
  )
}

interface AlertProperties {
  readonly accounts: readonly Account[]
  readonly alerts: Alerts
  readonly onChange: (alerts: Alerts) => void
}

/** Whether the reader is told when something waits; where it cannot be, nothing is shown. */
export function AlertSection({ accounts, alerts, onChange }: AlertProperties) {
  const { t } = useSpeech()
  const [busy, setBusy] = useState(false)
  if (alerts === 'none') return null
  const words = { on: 'alerts-on', off: 'alerts-off', refused: 'alerts-refused' } as const
  const turn = async () => {
    setBusy(true)
    onChange(await turnOn(accounts))
    setBusy(false)
  }
  return (
    <Section
      title={t('authenticator.alerts')}
      icon="push"
      action={
        alerts === 'off' && (
          <Button kind="quiet" busy={busy} onPress={() => void turn()}>
            {t('authenticator.alerts-button')}
          </Button>
        )
      }
    >
      <p className="empty">{t(`authenticator.${words[alerts]}`)}</p>
    </Section>
  )
}
