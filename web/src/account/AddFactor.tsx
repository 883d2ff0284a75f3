import { useEffect, useRef, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import type { Begun, Offer } from '../data.ts'
import { Enrolment, OfferChoice } from '../enrol/Enrolment.tsx'
import { SaveCodes } from '../enrol/SaveCodes.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import { kindOf } from '../ways.ts'
import type { AccountHandle } from './use-account.ts'

interface Properties {
  readonly handle: AccountHandle
  readonly tenant: string
  /** The kind that was chosen already. */
  readonly wanted?: string | undefined
  readonly onEnd: () => void
}

/** Adds a factor: the same steps as at first login, and a recovery code where one comes with it. */
export function AddFactor({ handle, tenant, wanted, onEnd }: Properties) {
  const speech = useSpeech()
  const { t } = speech
  const [offer, setOffer] = useState<Offer | undefined>(() =>
    handle.account.offers.find(({ factor }) => factor === wanted),
  )
  const [enrolling, setEnrolling] = useState<Begun>()
  const [busy, setBusy] = useState<'begin' | 'confirm'>()
  const [codes, setCodes] = useState<readonly string[]>()

  const finish = async (added: Offer) => {
    await handle.reload()
    handle.say(t('account.added', { name: kindOf(added, speech) }))
    onEnd()
  }
  const begin = async (chosen: Offer, target?: string) => {
    setBusy('begin')
    const body = { factor: chosen.factor, ...(target !== undefined && { target }) }
    const reply = await handle.make<Begun>('POST', ['factors'], body, 'add')
    setBusy(undefined)
    if (reply.ok) setEnrolling(reply.value)
    return reply.ok
  }
  const chosenBefore = useRef(offer)
  const beginOnce = useRef(begin)
  useEffect(() => {
    const chosen = chosenBefore.current
    if (chosen !== undefined && chosen.traits.reach === undefined) void beginOnce.current(chosen)
  }, [])
  const confirm = async (chosen: Offer, proof: unknown) => {
    if (enrolling === undefined) return false
    setBusy('confirm')
    const path = ['factors', enrolling.id, 'confirm']
    const { challenge, recoveryCodes } = enrolling
    const body = { proof, ...(challenge !== undefined && { challenge }) }
    const reply = await handle.make('POST', path, body, 'add')
    setBusy(undefined)
    if (!reply.ok) return false
    // The session has a new token now.
    await handle.reload()
    if (recoveryCodes?.length) setCodes(recoveryCodes)
    else await finish(chosen)
    return true
  }

  if (codes !== undefined && offer !== undefined) {
    return (
      <SaveCodes
        codes={codes}
        replaces={false}
        tenant={tenant}
        refusal={handle.refusal}
        busy={false}
        onSaved={() => void finish(offer)}
      />
    )
  }
  if (offer === undefined) {
    return (
      <Card title={t('account.add-title')} lead={t('enrol.lead')} focus>
        <Trouble refusal={handle.refusal} all />
        <OfferChoice
          offers={handle.account.offers}
          onChoose={(chosen) => {
            setOffer(chosen)
            if (chosen.traits.reach === undefined) void begin(chosen)
          }}
        />
        <div className="actions">
          <Button kind="quiet" onPress={onEnd}>
            {t('common.cancel')}
          </Button>
        </div>
      </Card>
    )
  }
  return (
    <Enrolment
      subject={enrolling ?? offer}
      handle={{
        enrolling,
        refusal: handle.refusal,
        busy,
        begin: (target) => begin(offer, target),
        confirm: (proof) => confirm(offer, proof),
        refuse: handle.refuse,
        back: () => {
          handle.clear()
          setOffer(undefined)
          setEnrolling(undefined)
        },
      }}
      backWords={t('enrol.other')}
    />
  )
}
