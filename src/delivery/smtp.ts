import { createTransport } from 'nodemailer'
import { type Delivery, DeliveryFailed, deliveryTimes } from '#ports/delivery.ts'

/**
 * E-mail through a mail server: `smtp://user:password@host:587?from=Name <a@b>` with STARTTLS, which is insisted on
 * since codes are in it, or `smtps://…:465`. `tls=off` sends in the clear, for a relay on the same machine.
 * @throws Error for an address that is incomplete
 */
export function smtpDelivery(url: URL, times: { connect: number; total: number } = deliveryTimes): Delivery {
  const tls = url.searchParams.get('tls') ?? 'required'
  if (tls !== 'required' && tls !== 'off') throw new Error('tls must be "required" or "off"')
  if (url.hostname === '') throw new Error('the mail server is missing')
  const secure = url.protocol === 'smtps:'
  const from = url.searchParams.get('from') ?? `no-reply@${url.hostname}`
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 465 : 587)),
    secure,
    requireTLS: !secure && tls === 'required',
    ignoreTLS: tls === 'off',
    auth:
      url.username === ''
        ? undefined
        : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    pool: true,
    maxConnections: 4,
    connectionTimeout: times.connect,
    dnsTimeout: times.connect,
    greetingTimeout: times.connect,
    socketTimeout: times.total,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    provider: 'smtp',
    async send({ id, to, subject, text, html }) {
      // As an object the address is one address, whatever commas or angle brackets it holds (S-85).
      const mail = { from, to: { name: '', address: to }, subject: plain(subject ?? ''), text, html }
      await withinTime(transport.sendMail({ ...mail, messageId: `<${id}@${domainOf(from)}>` }), times.total)
      return 'sent'
    },
    async close() {
      transport.close()
    },
  }
}

async function withinTime(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeliveryFailed('timeout', { retryable: true })), ms)
  })
  try {
    await Promise.race([work, late])
  } catch (error) {
    throw error instanceof DeliveryFailed ? error : failureOf(error)
  } finally {
    clearTimeout(timer)
  }
}

/** RFC 5321 section 4.2.1: 5yz is final, 4yz may pass. Everything without a reply (network, TLS) may pass too. */
function failureOf(error: unknown): DeliveryFailed {
  const { responseCode, code } = error as { responseCode?: number; code?: string }
  if (code === 'EAUTH') {
    return new DeliveryFailed('mail server refused the credentials', { retryable: false, blame: 'provider' })
  }
  if (responseCode !== undefined) {
    return new DeliveryFailed(`mail server answered ${responseCode}`, { retryable: responseCode < 500 })
  }
  return new DeliveryFailed(code === undefined ? 'mail server failed' : `mail server: ${code}`, { retryable: true })
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

function domainOf(from: string): string {
  return /@([a-z0-9.-]+)/i.exec(from)?.[1] ?? 'localhost'
}
