import type { ReactNode } from 'react'
import { Icon } from './Icon.tsx'

interface Properties {
  readonly kind: 'error' | 'info' | 'success'
  readonly children: ReactNode
}

/** A message about the whole step; errors are read out at once. */
export function Notice({ kind, children }: Properties) {
  return (
    <div className={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <Icon name={kind === 'error' ? 'alert' : kind === 'success' ? 'check' : 'info'} />
      <div>{children}</div>
    </div>
  )
}
