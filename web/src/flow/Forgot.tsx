import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Emblem } from '../base/Icon.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import type { FlowHandle } from './use-flow.ts'

/** Asks for a reset link. The answer is the same whether or not there is such an account. */
export function Forgot({ flow, onBack }: { readonly flow: FlowHandle; readonly onBack: () => void }) {
  const { state, busy, refusal, run, refuse } = flow
  const { t } = useSpeech()
  const login = state.account?.login ?? ''
  const [email, setEmail] = useState(login.includes('@') ? login : '')
  const [sent, setSent] = useState(false)
  const error = useFieldError(refusal)
  const back = (
    <Button kind="quiet" onPress={onBack}>
      {t('common.back')}
    </Button>
  )
  if (sent) {
    return (
      <Card
        key="sent"
        title={t('forgot.sent-title')}
        lead={t('forgot.sent', { email })}
        emblem={<Emblem name="email" />}
        focus
      >
        <div className="actions">{back}</div>
      </Card>
    )
  }
  const submit = async () => {
    if (email.trim() === '') return refuse('empty')
    if (await run('forgot-password', { email: email.trim() })) setSent(true)
  }
  return (
    <Card title={t('forgot.title')} lead={t('forgot.lead')}>
      <Trouble refusal={refusal} />
      <Form onSubmit={() => void submit()}>
        <Field
          label={t('sign-up.email')}
          name="email"
          type="email"
          value={email}
          onChange={setEmail}
          autoComplete="username"
          inputMode="email"
          error={error}
          focus
          maxLength={320}
        />
        <div className="actions">
          <Button type="submit" busy={busy === 'forgot-password'}>
            {t('forgot.submit')}
          </Button>
          {back}
        </div>
      </Form>
    </Card>
  )
}
