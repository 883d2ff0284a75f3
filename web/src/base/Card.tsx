import { type ReactNode, useEffect, useRef } from 'react'

interface Properties {
  readonly title: string
  readonly lead?: ReactNode
  readonly emblem?: ReactNode
  /** Moves the focus to the title when the card appears: for steps without a field of their own. */
  readonly focus?: boolean
  readonly children?: ReactNode
}

/** One step: a title, a sentence, and what there is to do. The document's title follows. */
export function Card({ title, lead, emblem, focus = false, children }: Properties) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = title
  }, [title])
  useEffect(() => {
    if (focus) heading.current?.focus({ preventScroll: true })
  }, [focus])
  return (
    <section className="card">
      {emblem}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {lead !== undefined && <p className="lead">{lead}</p>}
      {children}
    </section>
  )
}
