import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { shortestPassword } from '../limits.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import { Dialog } from './Dialog.tsx'
import { Section } from './Section.tsx'
import type { AccountHandle } from './use-account.ts'

interface Properties {
  readonly handle: AccountHandle
  readonly open: boolean
  readonly onOpen: () => void
  readonly onClose: () => void
}

export function PasswordSection({ handle, open, onOpen, onClose }: Properties) {
  const { t } = useSpeech()
  return (
    <Section title={t('account.password')} icon="lock">
      <div className="row">
        <p className="row-text">{t('account.password-text')}</p>
        <Button kind="quiet" onPress={onOpen}>
          {t('account.password-change')}
        </Button>
      </div>
      {open && <ChangePassword handle={handle} onClose={onClose} />}
    </Section>
  )
}

function ChangePassword({ handle, onClose }: { readonly handle: AccountHandle; readonly onClose: () => void }) {
  const { t } = useSpeech()
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const error = useFieldError(handle.refusal)
  const submit = async () => {
    if (password === '') return handle.refuse('empty')
    setBusy(true)
    const reply = await handle.make('POST', ['password'], { password }, 'password')
    setBusy(false)
    if (reply.ok) location.assign('/u/signed-out')
  }
  return (
    <Dialog title={t('account.password-change')} onClose={onClose}>
      <p className="lead">{t('account.password-text')}</p>
      <Trouble refusal={handle.refusal} />
      <Form onSubmit={() => void submit()}>
        <input
          className="unseen"
          name="username"
          autoComplete="username"
          value={handle.account.user.email ?? ''}
          readOnly
          tabIndex={-1}
          aria-hidden
        />
        <Field
          label={t('reset.password')}
          name="password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="new-password"
          hint={t('sign-up.hint', { length: shortestPassword })}
          error={error}
          focus
        />
        <div className="actions actions-row">
          <Button type="submit" busy={busy}>
            {t('reset.submit')}
          </Button>
          <Button kind="quiet" onPress={onClose}>
            {t('common.cancel')}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}
