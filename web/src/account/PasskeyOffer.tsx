import { Button } from '../base/Button.tsx'
import type { Account } from '../data.ts'
import { keysSupported } from '../keys.ts'
import { useSpeech } from '../texts.tsx'
import { Section } from './Section.tsx'

interface Properties {
  readonly account: Account
  readonly onTake: (factor: string) => void
}

/** For whoever could have a passkey and has none: what it is good for, and the shortest way to one. */
export function PasskeyOffer({ account, onTake }: Properties) {
  const { t } = useSpeech()
  const offer = account.offers.find(({ traits }) => traits.proof === 'assertion')
  const has = account.factors.some(({ traits, state }) => traits.proof === 'assertion' && state === 'confirmed')
  if (offer === undefined || has || !keysSupported()) return null
  return (
    <Section title={t('account.passkey-title')} icon="passkey">
      <div className="row">
        <p className="row-text">{t('account.passkey-text')}</p>
        <Button kind="quiet" onPress={() => onTake(offer.factor)}>
          {t('account.passkey-button')}
        </Button>
      </div>
    </Section>
  )
}
