import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Emblem } from '../base/Icon.tsx'
import { useSpeech } from '../texts.tsx'
import { type Decision, decide } from './server.ts'
import type { Pending } from './use-requests.ts'

/** Digits of the number on the login page. */
const digits = 6

interface Properties {
  readonly pending: Pending
  /** What the reader is told next, and whether it is good news. */
  readonly onDone: (words: string, kind: 'success' | 'info' | 'error') => void
}

/** One sign-in that waits: who asks, from where and when, and the number that lets it in. There is no plain yes. */
export function RequestCard({ pending, onDone }: Properties) {
  const { account, request } = pending
  const { t, has, date, language } = useSpeech()
  const [number, setNumber] = useState('')
  const [busy, setBusy] = useState<Decision>()
  const [error, setError] = useState<string>()

  const send = async (decision: Decision) => {
    if (decision === 'allow' && number.length !== digits) return setError(t('authenticator.wrong-number'))
    setError(undefined)
    setBusy(decision)
    const reply = await decide(account, request, decision, decision === 'allow' ? number : undefined)
    setBusy(undefined)
    if (reply.ok) {
      const words = { allow: 'approved', deny: 'denied', report: 'reported' } as const
      return onDone(t(`authenticator.${words[decision]}`), decision === 'allow' ? 'success' : 'info')
    }
    const code = reply.refusal.error
    if (code === 'wrong-proof') {
      setNumber('')
      return setError(t('authenticator.wrong-number'))
    }
    if (code === 'challenge-expired') return onDone(t('authenticator.expired'), 'error')
    const key = `error.${code}`
    setError(t(has(key) ? key : 'error.unknown'))
  }

  return (
    <Card title={t('authenticator.waits')} lead={t('authenticator.waits-text')} emblem={<Emblem name="push" />} focus>
      <dl className="facts">
        <Fact name={t('authenticator.application')} value={request.application} />
        <Fact name={t('authenticator.account')} value={account.account} />
        <Fact name={t('authenticator.place')} value={placeOf(request.place, language)} />
        <Fact name={t('authenticator.time')} value={date(request.at)} />
      </dl>
      <Form onSubmit={() => void send('allow')}>
        <Field
          label={t('authenticator.number')}
          name="number"
          value={number}
          onChange={(text) => setNumber(plainDigits(text).slice(0, digits))}
          inputMode="numeric"
          error={error}
          className="code-field"
          latin
        />
        <div className="actions">
          <Button type="submit" busy={busy === 'allow'}>
            {t('authenticator.approve')}
          </Button>
          <Button kind="quiet" busy={busy === 'deny'} onPress={() => void send('deny')}>
            {t('authenticator.deny')}
          </Button>
          <Button kind="danger" busy={busy === 'report'} onPress={() => void send('report')}>
            {t('authenticator.report')}
          </Button>
        </div>
      </Form>
    </Card>
  )
}

const Fact = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <bdi>{value}</bdi>
    </dd>
  </div>
)

/** Full-width and Arabic-Indic digits are digits too. */
const plainDigits = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/\D/g, '')

/** `DE, 203.0.113.*` with the country's name in the reader's words. */
function placeOf(place: string, language: string): string {
  const country = /^([A-Z]{2}), /.exec(place)?.[1]
  if (country === undefined) return place
  return `${new Intl.DisplayNames([language], { type: 'region' }).of(country) ?? country} ${place.slice(3)}`
}
