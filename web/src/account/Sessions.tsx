import { Button } from '../base/Button.tsx'
import { Icon } from '../base/Icon.tsx'
import { type Speech, useSpeech } from '../texts.tsx'
import { Section } from './Section.tsx'
import type { AccountHandle } from './use-account.ts'
import { seen } from './user-agent.ts'

function placeOf(userAgent: string, { t }: Speech): string {
  const { browser, system } = seen(userAgent)
  if (browser !== undefined && system !== undefined) return t('account.browser-on', { browser, system })
  return browser ?? system ?? t('account.unknown-device')
}

const joined = (parts: readonly (string | undefined)[]): string =>
  parts.filter((it) => it !== undefined && it !== '').join(' · ')

/** Browsers that may skip the second factor. */
export function Devices({ handle }: { readonly handle: AccountHandle }) {
  const speech = useSpeech()
  const { t, date } = speech
  const { devices } = handle.account
  const forget = async (id: string) => {
    const reply = await handle.make('DELETE', ['devices', id])
    if (reply.ok) await handle.reload()
  }
  return (
    <Section title={t('account.devices')} icon="computer">
      {devices.length === 0 ? (
        <p className="empty">{t('account.devices-none')}</p>
      ) : (
        <ul className="rows">
          {devices.map((it) => (
            <li className="row" key={it.id}>
              <div className="row-text">
                <p className="row-title">
                  <bdi>{placeOf(it.userAgent, speech)}</bdi>
                </p>
                <p className="row-about">
                  <bdi>{joined([it.application, it.address])}</bdi>
                </p>
                <p className="row-about">{t('account.devices-until', { date: date(it.expiresAt) })}</p>
              </div>
              <div className="row-actions">
                <Button
                  kind="link"
                  label={`${t('account.forget')}: ${placeOf(it.userAgent, speech)}`}
                  onPress={() => void forget(it.id)}
                >
                  {t('account.forget')}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

/** Where somebody is signed in as this user, with a way to end each. */
export function Sessions({ handle }: { readonly handle: AccountHandle }) {
  const speech = useSpeech()
  const { t, date } = speech
  const { sessions } = handle.account
  const end = async (method: 'POST' | 'DELETE', path: readonly string[]) => {
    const reply = await handle.make(method, path)
    if (!reply.ok) return
    await handle.reload()
    handle.say(t('account.ended'))
  }
  return (
    <Section
      title={t('account.sessions')}
      icon="user"
      action={
        sessions.length > 1 && (
          <Button kind="quiet" onPress={() => void end('POST', ['sessions', 'end-others'])}>
            {t('account.end-others')}
          </Button>
        )
      }
    >
      <ul className="rows">
        {sessions.map((it) => (
          <li className="row" key={it.id}>
            <div className="row-text">
              <p className="row-title">
                <bdi>{placeOf(it.userAgent, speech)}</bdi>
                {it.current && (
                  <span className="badge badge-good">
                    <Icon name="check" />
                    {t('account.this-session')}
                  </span>
                )}
              </p>
              <p className="row-about">
                <bdi>{joined([...it.applications, it.address])}</bdi>
              </p>
              <p className="row-about">{t('account.seen', { date: date(it.seenAt) })}</p>
            </div>
            {!it.current && (
              <div className="row-actions">
                <Button
                  kind="link"
                  label={`${t('account.end-session')}: ${placeOf(it.userAgent, speech)}`}
                  onPress={() => void end('DELETE', ['sessions', it.id])}
                >
                  {t('account.end-session')}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
    </Section>
  )
}
