import { lazy, startTransition, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Choices } from '../base/Choices.tsx'
import { iconOf } from '../base/Icon.tsx'
import type { Option } from '../data.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import { aboutOf, kindOf, shownTarget } from '../ways.ts'
import { ApprovalStep, CodeStep, LookupStep } from './ChallengeSteps.tsx'
import type { FlowHandle } from './use-flow.ts'

const AssertionStep = lazy(() => import('./AssertionStep.tsx'))

/** What was asked last, else what was used last, else the first that is no way out. */
function firstOf(options: readonly Option[], asked: string | undefined): Option | undefined {
  const isWayOut = ({ traits }: Option) => traits.proof === 'lookup'
  return (
    options.find(({ id }) => id === asked) ??
    options.find((it) => it.preferred && !isWayOut(it)) ??
    options.find((it) => !isWayOut(it)) ??
    options[0]
  )
}

/** The second factor: one way at a time, any other within reach. */
export function Challenge({ flow }: { readonly flow: FlowHandle }) {
  const { state, clear } = flow
  const options = state.options ?? []
  const [chosen, setChosen] = useState<string>()
  const [choosing, setChoosing] = useState(false)
  const option = options.find(({ id }) => id === chosen) ?? firstOf(options, state.asked?.option.id)
  const choose = (id: string) => {
    clear()
    // Not before the step that was chosen is there whole.
    startTransition(() => {
      setChosen(id)
      setChoosing(false)
    })
  }
  if (choosing || option === undefined) {
    return <Chooser flow={flow} options={options} onChoose={choose} onBack={() => setChoosing(false)} />
  }
  const other = options.length > 1 ? () => setChoosing(true) : undefined
  const wayOut = options.find((it) => it.traits.proof === 'lookup' && it.id !== option.id)
  const properties = { flow, option, onOther: other, onLost: wayOut && (() => choose(wayOut.id)) }
  switch (option.traits.proof) {
    case 'code':
      return <CodeStep key={option.id} {...properties} />
    case 'lookup':
      return <LookupStep key={option.id} {...properties} />
    case 'assertion':
      return <AssertionStep key={option.id} {...properties} />
    case 'approval':
      return <ApprovalStep key={option.id} {...properties} />
  }
}

interface ChooserProperties {
  readonly flow: FlowHandle
  readonly options: readonly Option[]
  readonly onChoose: (id: string) => void
  readonly onBack: () => void
}

function Chooser({ flow, options, onChoose, onBack }: ChooserProperties) {
  const speech = useSpeech()
  const { t } = speech
  const last = (it: Option) => Number(it.traits.proof === 'lookup')
  const sorted = [...options].sort((one, two) => last(one) - last(two))
  return (
    <Card title={t('challenge.choose')} focus>
      <Trouble refusal={flow.refusal} all />
      <Choices
        label={t('challenge.choose')}
        choices={sorted.map((it) => ({
          id: it.id,
          icon: iconOf(it.traits.channel),
          title: it.name ?? kindOf(it, speech),
          about: it.target === undefined ? aboutOf(it, speech) : shownTarget(it.target),
        }))}
        onChoose={onChoose}
      />
      {options.length > 0 && (
        <div className="actions">
          <Button kind="quiet" onPress={onBack}>
            {t('common.back')}
          </Button>
        </div>
      )}
    </Card>
  )
}
