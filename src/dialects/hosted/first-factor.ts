import type { z } from 'zod'
import { createUser } from '#engine/accounts/create.ts'
import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import { hashNewPassword } from '#engine/accounts/passwords.ts'
import { askPasswordReset } from '#engine/accounts/reset-password.ts'
import { password as passwordFactor } from '#engine/assurance.ts'
import { audit } from '#engine/events.ts'
import { noteUse, provedDevice } from './devices.ts'
import { pagePaths } from './hosted.ts'
import { admit, besides, type Moved, move, progressed, type Run, stays } from './run.ts'
import type { actions } from './schemas.ts'

type Body<A extends keyof typeof actions> = z.output<(typeof actions)[A]>

/** Whoever it is, the password comes next: who has an account is told to nobody (S-102). */
export const identify = (run: Run, { login }: Body<'identify'>): Promise<Moved> =>
  move(run, progressed(run, { login, known: false }))

/** Proves the password, and asks the engine what else is needed. */
export async function password(run: Run, body: Body<'password'>): Promise<Moved> {
  const login = body.login ?? run.data.progress.login
  if (login === undefined) return stays(run, { own: 'not-now' })
  const signedIn = await run.hosted.engine.signIn({ caller: run.caller, login, password: body.password })
  if (signedIn.no !== undefined) {
    const named = login === run.data.progress.login ? stays(run) : await identify(run, { login })
    return { ...named, no: named.no ?? signedIn }
  }
  const { user, proofs } = signedIn.yes
  const device = await provedDevice(run, body.device)
  const named = await move(run, progressed(run, { login, ...(device === undefined ? {} : { device }) }))
  if (named.no !== undefined) return named
  if (device !== undefined) await noteUse(named.run)
  return await admit(named.run, user.id, [...proofs, ...(await besides(run, user.id))])
}

/** A new account, which goes on as a login with its password does. */
export async function signUp(run: Run, body: Body<'sign-up'>): Promise<Moved> {
  if (!maySignUp(run.caller)) return stays(run, { own: 'sign-up-off' })
  const { parts } = run.hosted.engine
  const { tenant } = run.exchange
  const words = [tenant.name, body.email, body.email.split('@')[0] ?? '', body.name ?? ''].filter((it) => it !== '')
  const hashed = await hashNewPassword(parts.passwords, body.password, words)
  if (hashed.no !== undefined) return stays(run, hashed)
  const wanted = { email: body.email, name: body.name ?? body.email, passwordHash: hashed.yes }
  const made = await createUser(parts, tenant, wanted, (user) => [
    audit(parts, run.caller, 'user.created', { user: user.id }),
  ])
  if (made.no !== undefined) return stays(run, made)
  const named = await move(run, progressed(run, { login: body.email, known: false }))
  if (named.no !== undefined) return named
  const proof = { factor: passwordFactor, channel: passwordFactor, at: parts.clock.now() }
  return await admit(named.run, made.yes.id, [proof])
}

/** Mails a link to choose a new password; whether there is such an account is told to nobody (S-102). */
export async function forgotPassword(run: Run, { email }: Body<'forgot-password'>): Promise<Moved> {
  await askPasswordReset(run.hosted.engine.parts, {
    caller: run.caller,
    email,
    link: (handle) => `${run.exchange.base}${pagePaths.reset}?ticket=${handle}`,
  })
  return stays(run)
}
