import { styleText } from 'node:util'
import { formatProblem, type Problem } from '#config/problem.ts'

type Style = Parameters<typeof styleText>[0]

/** What a verb says to a person: results on stdout, everything else on stderr, colours on a terminal only. */
export const terminal = {
  out(line: string): void {
    process.stdout.write(`${line}\n`)
  },
  err(line: string): void {
    process.stderr.write(`${line}\n`)
  },
  problem(problem: Problem): void {
    process.stderr.write(`${paint('red', 'error')} ${formatProblem(problem)}\n`)
  },
  warning(problem: Problem): void {
    process.stderr.write(`${paint('yellow', 'warning')} ${formatProblem(problem)}\n`)
  },
}

/** Text in a colour, if stderr is a terminal that wants it. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr })
}

/**
 * Runs a step and says so when it takes longer than a moment, with seconds passed; quiet steps stay quiet.
 * `afterMs` is what counts as a moment.
 */
export async function withProgress<T>(step: string, work: () => Promise<T>, afterMs = 700): Promise<T> {
  const began = performance.now()
  const tell = (): void => terminal.err(`${step} … ${Math.round((performance.now() - began) / 1000)} s`)
  const timer = setInterval(tell, Math.max(afterMs, 1))
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
