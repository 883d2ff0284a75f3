/** Line pictures, drawn for this project on a 24 × 24 grid. They decorate; words stand beside them. */
const paths = {
  app: 'M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2Zm1.5 9.2 1.8 1.8 3.4-3.7M11 18h2',
  sms: 'M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-8l-4.5 3.5V17H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm4 6h.01M12 11h.01M16 11h.01',
  voice:
    'M5 4h3.5l1.7 4.3-2.2 1.6a12 12 0 0 0 6.1 6.1l1.6-2.2L20 15.500V19a2 2 0 0 1-2 2A15 15 0 0 1 3 6a2 2 0 0 1 2-2Zm10 .5a5.500 5.500 0 0 1 4.500 4.500M15 8a2 2 0 0 1 1.500 1.500',
  email: 'M4 5.500h16a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1Zm-.5 1.500 8.500 6 8.500-6',
  push: 'M18 9a6 6 0 1 0-12 0c0 6-2.500 7-2.500 7h17S18 15 18 9Zm-7.700 10.500a2 2 0 0 0 3.400 0',
  device: 'M14.500 9.500a5 5 0 1 0-3.600 4.800L13 16.500h2V19h2.500v2H21v-3.500l-7-7a5 5 0 0 0 .5-1ZM8.500 8.500h.01',
  paper: 'M7 3h7l5 5v12a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1Zm7 0v5h5M9.500 13h6M9.500 16.500h4',
  other: 'M12 3 4.500 6v5.500c0 4.500 3.200 8 7.500 9.500 4.300-1.500 7.500-5 7.500-9.500V6L12 3Z',
  shield:
    'M12 3 4.500 6v5.500c0 4.500 3.200 8 7.500 9.500 4.300-1.500 7.500-5 7.500-9.500V6L12 3Zm-3 8.800 2.200 2.200 4-4.300',
  check: 'm5 12.500 4.500 4.500L19 7.500',
  alert: 'M12 8v5m0 3.500h.01M12 3.500 2.500 20h19L12 3.500Z',
  info: 'M12 11v5.500m0-9h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  next: 'm9.500 5.500 6.500 6.500-6.500 6.500',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12Zm9.500 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  'eye-off':
    'M4 4l16 16M9.900 5.700A9 9 0 0 1 12 5.500c6 0 9.500 6.500 9.500 6.500a17 17 0 0 1-3 3.700M6.300 7.300A16 16 0 0 0 2.500 12S6 18.500 12 18.500a9 9 0 0 0 4.700-1.300',
  copy: 'M9 8h10a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Zm-4 8H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h11a1 1 0 0 1 1 1v1',
  download: 'M12 4v11m0 0 4.500-4.500M12 15l-4.500-4.500M4.500 20h15',
  print: 'M7 8V3h10v5M7 17H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1h16a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-3M7 14h10v7H7v-7Z',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.500 8.500c.5-4 3.500-6 7.500-6s7 2 7.500 6',
  passkey:
    'M10 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 9c.5-4 3.200-6 7-6 1.200 0 2.200.2 3.100.6M18 16.500a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400Zm0 0v5m0-2.200h2',
  computer: 'M4 5h16a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm5 15h6m-3-4v4',
  lock: 'M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1Zm2 0V8a4 4 0 0 1 8 0v3',
} as const

export type IconName = keyof typeof paths

/** The picture of a channel; a shield for one that is new. */
export const iconOf = (channel: string): IconName =>
  ['app', 'sms', 'voice', 'email', 'push', 'device', 'paper'].includes(channel) ? (channel as IconName) : 'other'

export function Icon({ name, className = 'icon' }: { readonly name: IconName; readonly className?: string }) {
  return (
    <svg className={className} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}

/** A picture in a soft disc, above a title. */
export function Emblem({ name }: { readonly name: IconName }) {
  return (
    <span className={`emblem emblem-${name}`}>
      <Icon name={name} />
    </span>
  )
}
