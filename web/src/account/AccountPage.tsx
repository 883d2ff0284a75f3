import { startTransition, useEffect, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Emblem } from '../base/Icon.tsx'
import { Notice } from '../base/Notice.tsx'
import { Spinner } from '../base/Spinner.tsx'
import type { Account } from '../data.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import { Activity } from './Activity.tsx'
import { AddFactor } from './AddFactor.tsx'
import { Factors } from './Factors.tsx'
import { NewCode } from './NewCode.tsx'
import { PasskeyOffer } from './PasskeyOffer.tsx'
import { PasswordSection } from './PasswordSection.tsx'
import { Section } from './Section.tsx'
import { Devices, Sessions } from './Sessions.tsx'
import { type AccountHandle, goAndProve, takeIntent, useAccount } from './use-account.ts'

interface Properties {
  readonly first: Account | undefined
  readonly tenant: string
}

/** "Manage security": everything that protects an account, on one page. */
export default function AccountPage({ first, tenant }: Properties) {
  const it = useAccount(first)
  switch (it.view) {
    case 'looking':
      return <Spinner />
    case 'out':
      return <SignedOut />
    case 'in':
      return <SignedIn handle={it.handle} tenant={tenant} />
  }
}

function SignedOut() {
  const { t } = useSpeech()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<{ readonly error: string }>()
  const go = async () => {
    setBusy(true)
    setRefusal(await goAndProve(false))
    setBusy(false)
  }
  return (
    <Card title={t('account.title')} lead={t('account.sign-in')} emblem={<Emblem name="shield" />} focus>
      <Trouble refusal={refusal} all />
      <Button busy={busy} onPress={() => void go()}>
        {t('identify.title')}
      </Button>
    </Card>
  )
}

function SignedIn({ handle, tenant }: { readonly handle: AccountHandle; readonly tenant: string }) {
  const { account, refusal, said, make, freshFirst } = handle
  const { t, date } = useSpeech()
  const [task, setTask] = useState<string>()
  useEffect(() => {
    document.title = t('account.title')
  }, [t])
  useEffect(() => setTask(takeIntent()), [])
  const begin = async (wanted: string) => {
    handle.clear()
    handle.say(undefined)
    if (await freshFirst(wanted)) startTransition(() => setTask(wanted))
  }
  const end = () => {
    handle.clear()
    setTask(undefined)
    scrollTo({ top: 0 })
  }
  const [doing, subject] = task?.split(':') ?? []
  if (doing === 'add') return <AddFactor handle={handle} tenant={tenant} wanted={subject} onEnd={end} />
  if (task === 'new-code') return <NewCode handle={handle} tenant={tenant} onEnd={end} />
  const signOut = async () => {
    const reply = await make('POST', ['sign-out'])
    if (reply.ok) location.assign('/u/signed-out')
  }
  return (
    <div className="portal">
      <div className="portal-head">
        <div>
          <h1>{t('account.title')}</h1>
          <p className="lead">
            <bdi>{account.user.name ?? account.user.email ?? account.user.phoneNumber ?? ''}</bdi>
            {account.user.name !== undefined && account.user.email !== undefined && (
              <>
                {' · '}
                <bdi>{account.user.email}</bdi>
              </>
            )}
          </p>
        </div>
        <Button kind="quiet" onPress={() => void signOut()}>
          {t('account.sign-out')}
        </Button>
      </div>
      {task === undefined && <Trouble refusal={refusal} all />}
      {said !== undefined && <Notice kind="success">{said}</Notice>}
      <PasskeyOffer account={account} onTake={(factor) => void begin(`add:${factor}`)} />
      <Factors handle={handle} task={task} onTask={(wanted) => void begin(wanted)} onEnd={() => setTask(undefined)} />
      <Section title={t('account.recovery')} icon="paper">
        <div className="row">
          <p className="row-text">{recoveryWords(account, t, date)}</p>
          <Button kind="quiet" onPress={() => void begin('new-code')}>
            {t('account.recovery-new')}
          </Button>
        </div>
      </Section>
      {account.user.hasPassword && (
        <PasswordSection
          handle={handle}
          open={task === 'password'}
          onOpen={() => void begin('password')}
          onClose={() => setTask(undefined)}
        />
      )}
      <Devices handle={handle} />
      <Sessions handle={handle} />
      <Activity account={account} />
    </div>
  )
}

function recoveryWords(
  { recovery }: Account,
  t: ReturnType<typeof useSpeech>['t'],
  date: (at: number) => string,
): string {
  if (!recovery.available) return t('account.recovery-none')
  return recovery.createdAt === undefined
    ? t('account.recovery-have-undated')
    : t('account.recovery-have', { date: date(recovery.createdAt) })
}
