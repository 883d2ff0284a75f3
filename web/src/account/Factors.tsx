import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Icon, iconOf } from '../base/Icon.tsx'
import type { Account } from '../data.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import { kindOf, shownTarget } from '../ways.ts'
import { Dialog } from './Dialog.tsx'
import { Section } from './Section.tsx'
import type { AccountHandle } from './use-account.ts'

type Factor = Account['factors'][number]

interface Properties {
  readonly handle: AccountHandle
  /** `rename:<id>` or `remove:<id>`. */
  readonly task: string | undefined
  readonly onTask: (task: string) => void
  readonly onEnd: () => void
}

export function Factors({ handle, task, onTask, onEnd }: Properties) {
  const { account } = handle
  const speech = useSpeech()
  const { t } = speech
  const shown = account.factors.filter(({ traits }) => traits.proof !== 'lookup')
  const [doing, id] = task?.split(':') ?? []
  const subject = shown.find((it) => it.id === id)
  return (
    <Section
      title={t('account.factors')}
      icon="shield"
      action={
        account.offers.length > 0 && (
          <Button kind="quiet" label={t('account.add-title')} onPress={() => onTask('add')}>
            {t('account.add')}
          </Button>
        )
      }
    >
      {shown.length === 0 ? (
        <p className="empty">{t('account.factors-none')}</p>
      ) : (
        <ul className="rows">
          {shown.map((it) => (
            <FactorRow key={it.id} factor={it} onTask={onTask} />
          ))}
        </ul>
      )}
      {subject !== undefined && doing === 'rename' && <Rename handle={handle} factor={subject} onEnd={onEnd} />}
      {subject !== undefined && doing === 'remove' && <Remove handle={handle} factor={subject} onEnd={onEnd} />}
    </Section>
  )
}

function FactorRow({ factor, onTask }: { readonly factor: Factor; readonly onTask: (task: string) => void }) {
  const speech = useSpeech()
  const { t, date } = speech
  const kind = kindOf(factor, speech)
  const name = factor.name ?? kind
  const badge = factor.state === 'confirmed' ? (factor.weak ? 'weak' : undefined) : factor.state
  const detail = [factor.name === undefined ? undefined : kind, factor.target && shownTarget(factor.target)].filter(
    (it) => it !== undefined,
  )
  return (
    <li className="row">
      <span className="row-icon">
        <Icon name={iconOf(factor.traits.channel)} />
      </span>
      <div className="row-text">
        <p className="row-title">
          <bdi>{name}</bdi>
          {badge !== undefined && <span className={`badge badge-${badge}`}>{t(`account.${badge}`)}</span>}
        </p>
        {detail.length > 0 && (
          <p className="row-about">
            <bdi>{detail.join(' · ')}</bdi>
          </p>
        )}
        {badge === 'weak' && <p className="row-about">{t('account.weak-text')}</p>}
        <p className="row-about">
          {factor.lastUsedAt === undefined
            ? t('account.added-at', { date: date(factor.createdAt) })
            : t('account.used-at', { date: date(factor.lastUsedAt) })}
        </p>
      </div>
      <div className="row-actions">
        <Button kind="link" label={t('account.rename-title', { name })} onPress={() => onTask(`rename:${factor.id}`)}>
          {t('account.rename')}
        </Button>
        <Button kind="link" label={`${t('account.remove')}: ${name}`} onPress={() => onTask(`remove:${factor.id}`)}>
          {t('account.remove')}
        </Button>
      </div>
    </li>
  )
}

interface TaskProperties {
  readonly handle: AccountHandle
  readonly factor: Factor
  readonly onEnd: () => void
}

function Rename({ handle, factor, onEnd }: TaskProperties) {
  const speech = useSpeech()
  const { t } = speech
  const before = factor.name ?? kindOf(factor, speech)
  const [name, setName] = useState(before)
  const [busy, setBusy] = useState(false)
  const [empty, setEmpty] = useState(false)
  const submit = async () => {
    if (name.trim() === '') return setEmpty(true)
    setBusy(true)
    const reply = await handle.make('PATCH', ['factors', factor.id], { name: name.trim() }, `rename:${factor.id}`)
    setBusy(false)
    if (!reply.ok) return
    await handle.reload()
    handle.say(t('account.renamed'))
    onEnd()
  }
  return (
    <Dialog title={t('account.rename-title', { name: before })} onClose={onEnd}>
      <Trouble refusal={handle.refusal} all />
      <Form onSubmit={() => void submit()}>
        <Field
          label={t('account.name')}
          name="name"
          value={name}
          onChange={setName}
          error={empty && name.trim() === '' ? t('error.empty') : undefined}
          focus
          maxLength={100}
        />
        <div className="actions actions-row">
          <Button type="submit" busy={busy}>
            {t('common.save')}
          </Button>
          <Button kind="quiet" onPress={onEnd}>
            {t('common.cancel')}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}

function Remove({ handle, factor, onEnd }: TaskProperties) {
  const speech = useSpeech()
  const { t } = speech
  const name = factor.name ?? kindOf(factor, speech)
  const [busy, setBusy] = useState(false)
  const remove = async () => {
    setBusy(true)
    const reply = await handle.make('DELETE', ['factors', factor.id], undefined, `remove:${factor.id}`)
    setBusy(false)
    if (!reply.ok) return
    await handle.reload()
    handle.say(t('account.removed', { name }))
    onEnd()
  }
  return (
    <Dialog title={t('account.remove-title', { name })} onClose={onEnd}>
      <p className="lead">{t('account.remove-text')}</p>
      <Trouble refusal={handle.refusal} all />
      <div className="actions actions-row">
        <Button kind="danger" busy={busy} onPress={() => void remove()}>
          {t('account.remove')}
        </Button>
        <Button kind="quiet" onPress={onEnd}>
          {t('common.cancel')}
        </Button>
      </div>
    </Dialog>
  )
}
