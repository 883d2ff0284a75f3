import { useState } from 'react'
import { Card } from '../base/Card.tsx'
import { Emblem } from '../base/Icon.tsx'
import { Enrolment, OfferChoice } from '../enrol/Enrolment.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import type { FlowHandle } from './use-flow.ts'

/** First login: choose a second factor and prove it once. */
export default function Enrol({ flow }: { readonly flow: FlowHandle }) {
  const { state, refusal, busy, run, refuse, clear } = flow
  const { t } = useSpeech()
  const [chosen, setChosen] = useState<string>()
  const offers = state.offers ?? []
  const offer = offers.find(({ factor }) => factor === (state.enrolling?.factor ?? chosen))
  const begin = (factor: string, target?: string) => run('enrol', { factor, ...(target !== undefined && { target }) })
  if (state.enrolling === undefined && offer === undefined) {
    return (
      <Card title={t('enrol.title')} lead={t('enrol.lead')} emblem={<Emblem name="shield" />} focus>
        <Trouble refusal={refusal} all />
        <OfferChoice
          offers={offers}
          onChoose={(picked) => {
            clear()
            setChosen(picked.factor)
            if (picked.traits.reach === undefined) void begin(picked.factor)
          }}
        />
      </Card>
    )
  }
  const back = async () => {
    clear()
    setChosen(undefined)
    if (state.enrolling !== undefined) await run('back')
  }
  const handle = {
    enrolling: state.enrolling,
    refusal,
    busy: busy === 'enrol' ? ('begin' as const) : busy === 'confirm' ? ('confirm' as const) : undefined,
    begin: (target?: string) => begin(offer?.factor ?? state.enrolling?.factor ?? '', target),
    confirm: (proof?: unknown) => run('confirm', proof === undefined ? {} : { proof }),
    refuse,
    back: () => void back(),
  }
  const subject = state.enrolling ?? offer
  return subject === undefined ? null : (
    <Enrolment key={subject.factor} subject={subject} handle={handle} backWords={t('enrol.other')} />
  )
}
