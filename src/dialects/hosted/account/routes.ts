import type { Answer, Exchange, Method, Route } from '#http/route.ts'
import type { Hosted } from '../hosted.ts'
import { accountActions } from '../schemas.ts'
import { changing, looking } from './call.ts'
import {
  addFactor,
  confirmFactor,
  endOthers,
  endSession,
  forgetDevice,
  keepRecoveryCode,
  newPassword,
  newRecoveryCode,
  removeFactor,
  renameFactor,
  signOut,
} from './changes.ts'
import { enter, enterPath, signIn } from './entry.ts'
import { overview } from './overview.ts'

const base = '/u/api/account'
type Handler = (hosted: Hosted, exchange: Exchange) => Promise<Answer>
const { nothing } = accountActions

/** The account API of docs/hosted-api.md, a row each. */
const table: readonly (readonly [Method, string, Handler])[] = [
  ['POST', `${base}/sign-in`, signIn],
  ['GET', `${enterPath}/:flow`, enter],
  ['GET', base, looking(overview)],
  ['POST', `${base}/factors`, changing(accountActions.addFactor, addFactor)],
  ['POST', `${base}/factors/:id/confirm`, changing(accountActions.confirmFactor, confirmFactor)],
  ['PATCH', `${base}/factors/:id`, changing(accountActions.renameFactor, renameFactor)],
  ['DELETE', `${base}/factors/:id`, changing(nothing, removeFactor)],
  ['POST', `${base}/recovery-code`, changing(nothing, newRecoveryCode)],
  ['POST', `${base}/recovery-code/take`, changing(accountActions.takeRecoveryCode, keepRecoveryCode)],
  ['POST', `${base}/password`, changing(accountActions.changePassword, newPassword)],
  ['DELETE', `${base}/devices/:id`, changing(nothing, forgetDevice)],
  ['DELETE', `${base}/sessions/:id`, changing(nothing, endSession)],
  ['POST', `${base}/sessions/end-others`, changing(nothing, endOthers)],
  ['POST', `${base}/sign-out`, changing(nothing, signOut, false)],
]

export const accountRoutes = (hosted: Hosted): readonly Route[] =>
  table.map(([method, path, handle]) => ({ method, path, handle: (exchange) => handle(hosted, exchange) }))
