import type { Attacker } from './population.ts'

/** The medians of risk.md §1.3 (Wiefling et al.), read off plots, about ±0.02: by TPR, for 12 and 39 logins. */
export const published: Readonly<
  Partial<Record<Attacker, Readonly<Record<string, readonly [at12: number, at39: number]>>>>
> = {
  naive: {
    '0.999': [0.58, 0.16],
    '0.995': [0.25, 0.05],
    '0.99': [0.17, 0.03],
    '0.98': [0.08, 0.03],
    '0.97': [0.08, 0.03],
  },
  VPN: {
    '0.999': [0.66, 0.21],
    '0.995': [0.33, 0.08],
    '0.99': [0.25, 0.06],
    '0.98': [0.17, 0.05],
    '0.97': [0.17, 0.03],
  },
  targeted: {
    '0.999': [0.67, 0.23],
    '0.995': [0.42, 0.1],
    '0.99': [0.33, 0.08],
    '0.98': [0.17, 0.05],
    '0.97': [0.17, 0.03],
  },
}
