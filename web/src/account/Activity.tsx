import type { Account } from '../data.ts'
import { useSpeech } from '../texts.tsx'
import { kindOf } from '../ways.ts'
import { Section } from './Section.tsx'

/** `factor.enrolled` as readable text where there are no words for it. */
const readable = (type: string): string => {
  const words = type.replace(/[._-]+/g, ' ')
  return words.charAt(0).toLocaleUpperCase() + words.slice(1)
}

/** What has happened lately, newest first. */
export function Activity({ account }: { readonly account: Account }) {
  const speech = useSpeech()
  const { t, has, date } = speech
  const because = (reasons: readonly string[]) =>
    reasons
      .map((it) => `risk.${it}`)
      .filter(has)
      .map((key) => t(key))
      .join(' · ')
  const known = [...account.factors, ...account.offers]
  const wayOf = (factor: string | undefined) => {
    const found = known.find((it) => it.factor === factor)
    return found && kindOf({ factor: found.factor, traits: found.traits }, speech)
  }
  return (
    <Section title={t('account.activity')} icon="info">
      {account.activity.length === 0 ? (
        <p className="empty">{t('account.activity-none')}</p>
      ) : (
        <ul className="events">
          {account.activity.map((it) => {
            const key = `event.${it.type}`
            return (
              <li key={it.id}>
                <span>
                  {has(key) ? t(key) : readable(it.type)}
                  {it.outcome === 'failure' && <span className="badge badge-weak">{t('account.activity-failed')}</span>}
                </span>
                <span className="row-about">
                  <bdi>{[wayOf(it.factor), it.application, it.address].filter(Boolean).join(' · ')}</bdi>
                </span>
                {it.reasons !== undefined && (
                  <span className="row-about">{t('account.activity-because', { reasons: because(it.reasons) })}</span>
                )}
                <time dateTime={new Date(it.at).toISOString()}>{date(it.at)}</time>
              </li>
            )
          })}
        </ul>
      )}
    </Section>
  )
}
