import { lazy, type ReactNode } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Emblem } from '../base/Icon.tsx'
import { Spinner } from '../base/Spinner.tsx'
import type { PageData, State } from '../data.ts'
import { Said } from '../Said.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import { Challenge } from './Challenge.tsx'
import { Consent } from './Consent.tsx'
import { Identify } from './Identify.tsx'
import { Password } from './Password.tsx'
import { type FlowHandle, useFlow } from './use-flow.ts'

const Enrol = lazy(() => import('./Enrol.tsx'))
const RecoveryCodes = lazy(() => import('./RecoveryCodes.tsx'))

interface Properties {
  readonly id: string
  readonly first: State | undefined
  readonly error: PageData['error']
}

/** A sign-in, from whichever step the server says to the end. */
export function Flow({ id, first, error }: Properties) {
  const refusal = error && { error: error.code, retryAfter: error.wait, reason: error.reason }
  const { lost, flow } = { flow: undefined, ...useFlow(id, first, refusal) }
  if (lost) return <Said title="error.lost-title" text="error.lost" icon="alert" />
  if (flow === undefined) return <Spinner />
  return stepOf(flow)
}

function stepOf(flow: FlowHandle): ReactNode {
  switch (flow.state.step) {
    case 'identify':
    case 'sign-up':
      return <Identify flow={flow} />
    case 'password':
      return <Password flow={flow} />
    case 'challenge':
      return <Challenge flow={flow} />
    case 'enrol':
      return <Enrol flow={flow} />
    case 'recovery-codes':
      return <RecoveryCodes flow={flow} />
    case 'consent':
      return <Consent flow={flow} />
    case 'stuck':
      return <Stuck flow={flow} />
    case 'done':
      return (
        <Said title="done.title" text="done.text" values={{ application: flow.state.application.name }} icon="check" />
      )
  }
}

function Stuck({ flow }: { readonly flow: FlowHandle }) {
  const { t } = useSpeech()
  const { state, busy, run } = flow
  return (
    <Card
      title={t('stuck.title')}
      lead={t('stuck.text', { tenant: state.tenant.name })}
      emblem={<Emblem name="lock" />}
      focus
    >
      <Trouble refusal={flow.refusal} all />
      <div className="actions">
        <Button busy={busy === 'restart'} onPress={() => void run('restart')}>
          {t('common.start-over')}
        </Button>
        <Button kind="quiet" busy={busy === 'cancel'} onPress={() => void run('cancel')}>
          {t('common.leave', { application: state.application.name })}
        </Button>
      </div>
    </Card>
  )
}
