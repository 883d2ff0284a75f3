import { sameSecret } from '#crypto/digest.ts'
import type { Issue } from '#engine/issue.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import { artifactId } from '#oidc/artifacts.ts'
import { insert, put, type Refs, row } from '#ports/store.ts'
import { deviceOf, readCookie } from '../cookies.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { wishOf } from '../login/outcome.ts'
import { hidden, htmlText, show } from '../pages/page.ts'
import { toPage } from '../redirect.ts'
import { readRequest } from '../requests.ts'
import { readSession, type Session } from '../session.ts'
import { iso } from '../wire.ts'
import { amrNumbers } from '../words.ts'
import { approvalToken, readDeviceRow, type Waiting } from './codes.ts'
import { notThis } from './start.ts'

/**
 * The page after the sign-in for a device: it names application, place and time, and only the browser that entered the
 * code may agree (S-60, AC-64).
 */
export async function approve(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const found = await readRequest(dialect, exchange, input.any('request'))
  const asked = found?.request.device
  const device = asked && (await readDeviceRow(dialect, exchange.tenant.id, asked.row))
  const session = await readSession(dialect, exchange)
  const mine = asked !== undefined && asked.browser === deviceOf(exchange)
  if (found === undefined || !device || session === undefined || !mine) return notThis(exchange)
  const token = approvalToken(readCookie(exchange, 'cidaas_sso') ?? '', device.rowId)
  if (exchange.method === 'GET') return ask(exchange, found.application.name, found.request.id, device, token)
  if (!sameSecret(input.text('confirm') ?? '', token)) return notThis(exchange)
  if (input.text('answer') !== 'yes') return await deny(dialect, exchange, device)
  const { request, application } = found
  const passage = { exchange, request, application, identifier: session.identifier }
  const admitted = await dialect.engine.admit({
    caller: callerOf(exchange, application),
    user: session.user,
    proofs: session.proofs,
    wish: wishOf(passage, undefined),
    issue: approval(dialect, exchange, device, session),
  })
  return admitted.no === undefined ? toPage(exchange, 'device_success_page', {}) : notThis(exchange)
}

function ask(exchange: Exchange, name: string, requestId: string, device: Waiting, confirm: string): Answer {
  const begun = iso((device.exp - 600) * 1_000)
  const text = `<p><b>${htmlText(name)}</b> asks to be connected, from ${htmlText(device.address)} (${htmlText(device.userAgent || 'unknown device')}), since ${begun}.</p><p>Go on only if you have started this yourself, on a device you see before you.</p>`
  const button = (answer: string, label: string) =>
    `<form method="post" action="/token-srv/device/approve">${hidden({ requestId, confirm, answer })}<button type="submit">${label}</button></form>`

  return show(exchange, 'Connect this device?', `${text}${button('yes', 'Connect')}${button('no', 'Stop')}`)
}

async function deny({ engine }: Dialect, exchange: Exchange, device: Waiting): Promise<Answer> {
  await engine.parts.store.change({ it: row('artifacts', exchange.tenant.id, device.rowId) }, ({ it }) => ({
    result: undefined,
    writes: it ? [put('artifacts', { ...it, payload: { ...it.payload, error: 'access_denied' } })] : [],
  }))
  return toPage(exchange, 'status', {})
}

/** Gives the device what the session is worth, in the commit in which policy agrees (S-56). */
function approval(
  { engine }: Dialect,
  { tenant }: Exchange,
  device: Waiting,
  session: Session,
): Issue<Refs, undefined> {
  const { random, clock, factors } = engine.parts
  const grantId = random.token().slice(0, 22)
  return {
    refs: { asking: row('artifacts', tenant.id, device.rowId) },
    decide: ({ user, proofs, assurance }, found) => {
      const it = found.asking as Artifact | undefined
      if (it === undefined || it.payload.accountId !== undefined) {
        return { refuse: { no: 'challenge-unknown' }, writes: [] }
      }
      const approved = {
        accountId: user.id,
        grantId,
        sid: session.sid,
        amr: [...amrNumbers(proofs, session.identifier, factors), ...assurance.amr],
        acr: assurance.acr,
        authTime: assurance.authTime,
        proofs,
      }
      const grant: Artifact = {
        tenant: tenant.id,
        id: artifactId('Grant', grantId),
        model: 'Grant',
        payload: { kind: 'Grant', iat: Math.floor(clock.now() / 1_000), exp: device.exp, accountId: user.id },
        user: user.id,
        client: device.clientId,
        expiresAt: device.exp * 1_000,
      }
      return {
        issued: undefined,
        writes: [
          put('artifacts', { ...it, grantId, user: user.id, payload: { ...it.payload, ...approved } }),
          insert('artifacts', grant),
        ],
      }
    },
  }
}
