import { lazy, Suspense, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { CodeInput } from '../base/CodeInput.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Emblem, iconOf } from '../base/Icon.tsx'
import type { Offer } from '../data.ts'
import { Resend } from '../flow/Resend.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import { shownTarget } from '../ways.ts'
import type { SetupProperties } from './Enrolment.tsx'

const loadPhoneInput = () => import('../base/PhoneInput.tsx')
const PhoneInput = lazy(loadPhoneInput)

/** Fetches the rules of phone numbers before they are needed, so that nothing waits for them. */
export const expectPhone = (offers: readonly Offer[]): void => {
  if (offers.some(({ traits }) => traits.reach === 'phone')) void loadPhoneInput()
}

/** Where codes are to go: a number with its country, or an address. */
export function TargetForm({ subject, handle, backWords }: SetupProperties) {
  const { refusal, busy, begin, refuse, back } = handle
  const { t } = useSpeech()
  const [target, setTarget] = useState<string | undefined>()
  const error = useFieldError(refusal)
  const phone = subject.traits.reach === 'phone'
  const voice = subject.traits.channel === 'voice'
  const lead = phone ? (voice ? 'enrol.phone-voice' : 'enrol.phone-sms') : 'enrol.email-lead'
  const submit = () => {
    const given = target?.trim()
    if (!given) return refuse(phone ? 'bad-address' : 'bad-email')
    void begin(given)
  }
  return (
    <Card
      title={t(phone ? 'enrol.phone-title' : 'enrol.email-title')}
      lead={t(lead)}
      emblem={<Emblem name={iconOf(subject.traits.channel)} />}
    >
      <Trouble refusal={refusal} />
      <Form onSubmit={submit}>
        {phone ? (
          <Suspense fallback={<div className="phone-place" />}>
            <PhoneInput onChange={setTarget} error={error} />
          </Suspense>
        ) : (
          <Field
            label={t('enrol.email')}
            name="email"
            type="email"
            autoComplete="email"
            inputMode="email"
            value={target ?? ''}
            onChange={setTarget}
            error={error}
            focus
            maxLength={320}
          />
        )}
        <div className="actions">
          <Button type="submit" busy={busy === 'begin'}>
            {t(voice ? 'challenge.call-button' : 'challenge.send-button')}
          </Button>
          <Button kind="quiet" onPress={back}>
            {backWords}
          </Button>
        </div>
      </Form>
    </Card>
  )
}

/** The code that was sent there. */
export function MessageCode({ subject, handle, backWords }: SetupProperties) {
  const { enrolling, refusal, busy, begin, confirm, refuse, back } = handle
  const { t } = useSpeech()
  const [code, setCode] = useState('')
  const error = useFieldError(refusal)
  const voice = subject.traits.channel === 'voice'
  const home = t(subject.traits.reach === 'email' ? 'challenge.your-mail' : 'challenge.your-phone')
  const target = enrolling?.target === undefined ? home : shownTarget(enrolling.target)
  const submit = () => (code === '' ? refuse('empty') : void confirm(code))
  return (
    <Card
      title={t('challenge.title')}
      lead={t(voice ? 'challenge.called' : 'challenge.sent', { target })}
      emblem={<Emblem name={iconOf(subject.traits.channel)} />}
    >
      <Trouble refusal={refusal} />
      <Form onSubmit={submit}>
        <CodeInput label={t('challenge.code')} value={code} onChange={setCode} error={error} />
        {enrolling && (
          <Resend
            sentAt={enrolling.sentAt}
            resendAt={enrolling.resendAt}
            voice={voice}
            busy={busy === 'begin'}
            onResend={() => void begin(enrolling.target)}
          />
        )}
        <div className="actions">
          <Button type="submit" busy={busy === 'confirm'}>
            {t('enrol.confirm')}
          </Button>
          <Button kind="quiet" onPress={back}>
            {backWords}
          </Button>
        </div>
      </Form>
    </Card>
  )
}
