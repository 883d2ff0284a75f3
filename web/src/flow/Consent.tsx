import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Emblem, Icon } from '../base/Icon.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import type { FlowHandle } from './use-flow.ts'

export function Consent({ flow }: { readonly flow: FlowHandle }) {
  const { state, busy, refusal, run } = flow
  const { t, has } = useSpeech()
  const words = (scope: string) => {
    const key = `consent.${scope}`
    return has(key) ? t(key) : t('consent.other', { scope })
  }
  return (
    <Card
      title={t('consent.title', { application: state.application.name })}
      lead={t('consent.lead')}
      emblem={<Emblem name="shield" />}
      focus
    >
      <Trouble refusal={refusal} all />
      <ul className="scopes">
        {state.consent?.scopes.map((scope) => (
          <li key={scope}>
            <Icon name="check" />
            {words(scope)}
          </li>
        ))}
      </ul>
      <div className="actions">
        <Button busy={busy === 'consent'} onPress={() => void run('consent', { agree: true })}>
          {t('consent.agree')}
        </Button>
        <Button kind="quiet" onPress={() => void run('consent', { agree: false })}>
          {t('consent.refuse')}
        </Button>
      </div>
    </Card>
  )
}
