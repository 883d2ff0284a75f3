import { useEffect } from 'react'
import type { Refusal } from '../api.ts'
import { Choices } from '../base/Choices.tsx'
import { iconOf } from '../base/Icon.tsx'
import type { Enrolling, Offer, Traits } from '../data.ts'
import { useSpeech } from '../texts.tsx'
import { aboutOf, byStrength, isMessage, kindOf } from '../ways.ts'
import { AppSetup } from './AppSetup.tsx'
import { KeySetup, PushSetup } from './DeviceSetup.tsx'
import { expectPhone, MessageCode, TargetForm } from './MessageSetup.tsx'

/** What setting up a factor needs, at first login and in the account alike. */
export interface EnrolHandle {
  readonly enrolling: Enrolling | undefined
  readonly refusal: Refusal | undefined
  readonly busy: 'begin' | 'confirm' | undefined
  readonly begin: (target?: string) => Promise<boolean>
  readonly confirm: (proof?: unknown) => Promise<boolean>
  readonly refuse: (error: string) => void
  readonly back: () => void
}

export interface SetupProperties {
  readonly subject: { readonly factor: string; readonly traits: Traits }
  readonly handle: EnrolHandle
  readonly backWords: string
}

/** Sets up one factor, drawn from its traits. */
export function Enrolment(properties: SetupProperties) {
  const { traits } = properties.subject
  const { enrolling } = properties.handle
  if (traits.reach !== undefined && enrolling === undefined) return <TargetForm {...properties} />
  if (isMessage(traits)) return <MessageCode {...properties} />
  if (traits.proof === 'assertion') return <KeySetup {...properties} />
  if (traits.proof === 'approval') return <PushSetup {...properties} />
  return <AppSetup {...properties} />
}

interface OfferProperties {
  readonly offers: readonly Offer[]
  readonly onChoose: (offer: Offer) => void
}

/** The kinds there are, the strongest first and marked as such. */
export function OfferChoice({ offers, onChoose }: OfferProperties) {
  const speech = useSpeech()
  useEffect(() => expectPhone(offers), [offers])
  const sorted = byStrength(offers)
  const strong = sorted[0] && ['device', 'app'].includes(sorted[0].traits.channel) && sorted.length > 1
  return (
    <Choices
      label={speech.t('enrol.title')}
      choices={sorted.map((offer, index) => ({
        id: offer.factor,
        icon: iconOf(offer.traits.channel),
        title: kindOf(offer, speech),
        about: aboutOf(offer, speech),
        badge: index === 0 && strong ? speech.t('enrol.recommended') : undefined,
      }))}
      onChoose={(factor) => {
        const offer = offers.find((it) => it.factor === factor)
        if (offer !== undefined) onChoose(offer)
      }}
    />
  )
}
