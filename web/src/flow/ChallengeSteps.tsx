import { type ReactNode, useEffect, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Checkbox } from '../base/Checkbox.tsx'
import { CodeInput } from '../base/CodeInput.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Emblem, iconOf } from '../base/Icon.tsx'
import { Notice } from '../base/Notice.tsx'
import { Spinner } from '../base/Spinner.tsx'
import type { Option } from '../data.ts'
import { newDeviceKey } from '../device.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import { isDirect, shownTarget } from '../ways.ts'
import { Resend } from './Resend.tsx'
import type { FlowHandle } from './use-flow.ts'

export interface Properties {
  readonly flow: FlowHandle
  readonly option: Option
  readonly onOther: (() => void) | undefined
  readonly onLost: (() => void) | undefined
}

/** How often an approval is asked for, ms; the server answers `slow-down` to anything faster. */
const pollEvery = 5_000

const nameOfDevice = (): string => navigator.platform.slice(0, 100)

/** What `verify` carries when this device is to be remembered. */
export async function remembered(wanted: boolean): Promise<object> {
  const key = wanted ? await newDeviceKey() : undefined
  return key === undefined ? {} : { remember: { key, name: nameOfDevice() } }
}

export function Shell({ flow, option, lead, title, focus, children, onOther, onLost }: Properties & Shown) {
  const { t } = useSpeech()
  return (
    <Card
      title={title ?? t('challenge.title')}
      lead={lead}
      emblem={<Emblem name={iconOf(option.traits.channel)} />}
      focus={focus}
    >
      <Trouble refusal={flow.refusal} />
      {children}
      {(onOther ?? onLost) !== undefined && (
        <p className="aside aside-stack">
          {onOther && (
            <Button kind="link" onPress={onOther}>
              {t('challenge.other')}
            </Button>
          )}
          {onLost && (
            <Button kind="link" onPress={onLost}>
              {t('challenge.lost')}
            </Button>
          )}
        </p>
      )}
    </Card>
  )
}

interface Shown {
  readonly lead: ReactNode
  /** For a step without a box. */
  readonly focus?: boolean
  readonly title?: string
  readonly children: ReactNode
}

interface RememberProperties {
  readonly flow: FlowHandle
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}

export function Remember({ flow, checked, onChange }: RememberProperties) {
  const { t } = useSpeech()
  if (!flow.state.can.rememberDevice) return null
  return (
    <Checkbox
      label={t('challenge.remember')}
      hint={t('challenge.remember-about')}
      checked={checked}
      onChange={onChange}
    />
  )
}

/** A code of an app, or one that is sent. */
export function CodeStep(properties: Properties) {
  const { flow, option } = properties
  const { t } = useSpeech()
  const asked = flow.state.asked?.option.id === option.id ? flow.state.asked : undefined
  const direct = isDirect(option.traits)
  const voice = option.traits.channel === 'voice'
  const ask = () => void flow.run('challenge', { option: option.id })
  const home = t(option.traits.channel === 'email' ? 'challenge.your-mail' : 'challenge.your-phone')
  const target = option.target === undefined ? home : shownTarget(option.target)
  if (!direct && asked === undefined) {
    return (
      <Shell {...properties} lead={t(voice ? 'challenge.call' : 'challenge.send', { target })} focus>
        <div className="actions">
          <Button busy={flow.busy === 'challenge'} onPress={ask}>
            {t(voice ? 'challenge.call-button' : 'challenge.send-button')}
          </Button>
        </div>
      </Shell>
    )
  }
  const lead = direct ? t('challenge.app') : t(voice ? 'challenge.called' : 'challenge.sent', { target })
  return (
    <Shell {...properties} lead={lead}>
      <CodeForm flow={flow} body={direct ? { option: option.id } : {}}>
        {asked && (
          <Resend
            sentAt={asked.sentAt}
            resendAt={asked.resendAt}
            voice={voice}
            busy={flow.busy === 'challenge'}
            onResend={ask}
          />
        )}
      </CodeForm>
    </Shell>
  )
}

function CodeForm({ flow, body, children }: { flow: FlowHandle; body: object; children: ReactNode }) {
  const { t } = useSpeech()
  const [code, setCode] = useState('')
  const [remember, setRemember] = useState(false)
  const error = useFieldError(flow.refusal)
  const submit = async () => {
    if (code === '') return flow.refuse('empty')
    await flow.run('verify', { ...body, proof: code, ...(await remembered(remember)) })
  }
  return (
    <Form onSubmit={() => void submit()}>
      <CodeInput label={t('challenge.code')} value={code} onChange={setCode} error={error} />
      {children}
      <Remember flow={flow} checked={remember} onChange={setRemember} />
      <Button type="submit" busy={flow.busy === 'verify'}>
        {t('challenge.verify')}
      </Button>
    </Form>
  )
}

/** A saved code: the way out when the phone is lost. */
export function LookupStep(properties: Properties) {
  const { flow, option } = properties
  const { t } = useSpeech()
  const [code, setCode] = useState('')
  const error = useFieldError(flow.refusal)
  const submit = () =>
    code.trim() === '' ? flow.refuse('empty') : void flow.run('verify', { option: option.id, proof: code.trim() })
  return (
    <Shell {...properties} title={t('challenge.recovery-title')} lead={t('challenge.recovery')}>
      <Form onSubmit={submit}>
        <Field
          label={t('challenge.recovery-code')}
          name="recovery-code"
          value={code}
          onChange={setCode}
          error={error}
          className="mono-field"
          focus
          latin
          maxLength={100}
        />
        <Button type="submit" busy={flow.busy === 'verify'}>
          {t('challenge.verify')}
        </Button>
      </Form>
    </Shell>
  )
}

/** An approval on another device, with a number to compare. */
export function ApprovalStep(properties: Properties) {
  const { flow, option } = properties
  const { t } = useSpeech()
  const asked = flow.state.asked?.option.id === option.id ? flow.state.asked : undefined
  const { run, clear } = flow
  const over = asked !== undefined && ['declined', 'challenge-expired'].includes(flow.refusal?.error ?? '')
  useEffect(() => {
    if (asked === undefined || over) return
    const timer = setInterval(() => void run('verify'), pollEvery)
    return () => clearInterval(timer)
  }, [asked, over, run])
  const ask = () => {
    clear()
    void run('challenge', { option: option.id })
  }
  if (asked === undefined || over) {
    const expired = flow.refusal?.error === 'challenge-expired'
    return (
      <Shell {...properties} lead={t('challenge.approval')}>
        {over && expired && <Notice kind="error">{t('challenge.approval-expired')}</Notice>}
        <div className="actions">
          <Button busy={flow.busy === 'challenge'} onPress={ask}>
            {t('challenge.approval-button')}
          </Button>
        </div>
      </Shell>
    )
  }
  const number = asked.show?.number
  return (
    <Shell {...properties} lead={t('challenge.approval-waiting')}>
      {number !== undefined && (
        <p className="match">
          {t('challenge.approval-number')}
          <strong className="match-number">{String(number)}</strong>
          <span className="match-about">{t('challenge.approval-open')}</span>
        </p>
      )}
      <Spinner />
      <Resend sentAt={asked.sentAt} resendAt={asked.resendAt} voice={false} busy={false} onResend={ask} />
    </Shell>
  )
}
