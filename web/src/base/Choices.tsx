import { Icon, type IconName } from './Icon.tsx'

export interface Choice {
  readonly id: string
  readonly icon: IconName
  readonly title: string
  readonly about?: string | undefined
  readonly badge?: string | undefined
}

interface Properties {
  readonly label: string
  readonly choices: readonly Choice[]
  readonly onChoose: (id: string) => void
}

/** A list of ways to go on, each a large button. */
export function Choices({ label, choices, onChoose }: Properties) {
  return (
    <ul className="choices" aria-label={label}>
      {choices.map(({ id, icon, title, about, badge }) => (
        <li key={id}>
          <button type="button" className="choice" onClick={() => onChoose(id)}>
            <span className="choice-icon">
              <Icon name={icon} />
            </span>
            <span className="choice-words">
              <span className="choice-title">
                {title}
                {badge !== undefined && <span className="badge">{badge}</span>}
              </span>
              {about !== undefined && <span className="choice-about">{about}</span>}
            </span>
            <Icon name="next" className="icon icon-next" />
          </button>
        </li>
      ))}
    </ul>
  )
}
