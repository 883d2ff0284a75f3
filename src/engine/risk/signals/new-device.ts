import type { Signal } from './signal.ts'

/**
 * Neither this agent, nor its browser, nor its system was ever shown by the user. A new version of the browser on the
 * same system, or of the system under the same browser, is no new device.
 */
export const newDevice: Signal = {
  name: 'new_device',
  look({ ownLogins, agent }) {
    const [text = 0, browser = 0, system = 0] = agent.user
    if (ownLogins === 0 || text + browser + system > 0) return undefined
    return {
      weight: 1,
      why: 'device-never-seen',
      inputs: { browser: agent.browser ?? 'missing', system: agent.system ?? 'missing' },
    }
  },
}
