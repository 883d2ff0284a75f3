import type { Ask, ServerOrder, Step, Told } from '../plan.ts'

/** What this process was started for. */
export const order = JSON.parse(process.argv[2] ?? '{}') as ServerOrder

const tell = (told: Told): void => void process.send?.(told)

/** Says where the server listens and answers the parent's questions from then on; ends with the parent. */
export function serve(port: number, steps: () => readonly Step[] = () => []): void {
  process.on('message', (ask: Ask) => {
    if (ask === 'stop') process.exit(0)
    if (ask === 'steps') tell({ steps: steps() })
    if (ask === 'cpu') {
      const { user, system } = process.cpuUsage()
      tell({ cpu: user + system })
    }
  })
  process.on('disconnect', () => process.exit(0))
  tell({ port })
}
