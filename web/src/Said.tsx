import type { ReactNode } from 'react'
import type { TextKey } from '../texts/en.ts'
import { Card } from './base/Card.tsx'
import { Emblem, type IconName } from './base/Icon.tsx'
import { useSpeech } from './texts.tsx'

interface Properties {
  readonly title: TextKey
  readonly text: TextKey
  readonly values?: Readonly<Record<string, string>>
  readonly icon?: IconName
  readonly children?: ReactNode
}

/** A page that only says something, with perhaps one way on. */
export function Said({ title, text, values, icon, children }: Properties) {
  const { t } = useSpeech()
  return (
    <Card title={t(title, values)} lead={t(text, values)} emblem={icon && <Emblem name={icon} />} focus>
      {children}
    </Card>
  )
}
