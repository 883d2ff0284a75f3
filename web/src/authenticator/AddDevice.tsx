import { useState } from 'react'
import { seen } from '../account/user-agent.ts'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Emblem } from '../base/Icon.tsx'
import { Notice } from '../base/Notice.tsx'
import { useSpeech } from '../texts.tsx'
import { subscriptionNow } from './alerts.ts'
import { type Account, keepAccount, newKey } from './keys.ts'
import { enrol } from './server.ts'

interface Properties {
  readonly secret: string
  readonly tenant: string
  readonly onAdded: (account: Account) => void
  readonly onCancel: () => void
}

/** `Chrome, Android`, as a first name for this device. */
function ownName(): string {
  const { browser, system } = seen(navigator.userAgent)
  return [system, browser].filter((it) => it !== undefined).join(', ')
}

/** Makes a key for an account and shows it the server, with the secret of the link. Only when the reader says so. */
export function AddDevice({ secret, tenant, onAdded, onCancel }: Properties) {
  const { t, has } = useSpeech()
  const [name, setName] = useState(ownName)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()

  const add = async () => {
    setBusy(true)
    setError(undefined)
    try {
      const key = await newKey()
      const reply = await enrol(key, secret, name.trim(), await subscriptionNow())
      if (reply.ok) {
        const { account, tenant: to } = reply.value
        const added = { kid: key.kid, key: key.key, account, tenant: to.name, addedAt: Date.now() }
        await keepAccount(added)
        return onAdded(added)
      }
      const code = `error.${reply.refusal.error}`
      const late = ['factor-unknown', 'challenge-expired', 'wrong-proof'].includes(reply.refusal.error)
      setError(t(late ? 'authenticator.late' : has(code) ? code : 'error.unknown'))
    } catch {
      setError(t('authenticator.unsupported'))
    }
    setBusy(false)
  }

  return (
    <Card
      title={t('authenticator.add-title', { tenant })}
      lead={t('authenticator.add-text')}
      emblem={<Emblem name="push" />}
      focus
    >
      {error !== undefined && <Notice kind="error">{error}</Notice>}
      <Form onSubmit={() => void add()}>
        <Field label={t('authenticator.name')} name="name" value={name} onChange={setName} maxLength={64} />
        <div className="actions">
          <Button type="submit" busy={busy}>
            {t('authenticator.add-button')}
          </Button>
          <Button kind="quiet" onPress={onCancel}>
            {t('common.cancel')}
          </Button>
        </div>
      </Form>
    </Card>
  )
}
