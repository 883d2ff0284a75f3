import type { Delivery } from '#ports/delivery.ts'

/** Prints messages, codes included, on stderr: for a first look, never for users. One message is one line (S-149). */
export function consoleDelivery(write: (line: string) => unknown = (line) => process.stderr.write(line)): Delivery {
  return {
    provider: 'console',
    async send({ channel, to, subject, text }) {
      const line = [channel, to, subject, text].filter(Boolean).join(' | ')
      write(`${line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')}\n`)
      return 'sent'
    },
  }
}
