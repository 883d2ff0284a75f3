import { type ReactNode, useId } from 'react'
import { Icon, type IconName } from '../base/Icon.tsx'

interface Properties {
  readonly title: string
  readonly icon: IconName
  readonly action?: ReactNode
  readonly children: ReactNode
}

export function Section({ title, icon, action, children }: Properties) {
  const id = useId()
  return (
    <section className="section" aria-labelledby={id}>
      <div className="section-head">
        <span className="section-icon">
          <Icon name={icon} />
        </span>
        <h2 id={id}>{title}</h2>
        {action}
      </div>
      {children}
    </section>
  )
}
