import type { RouteGroup } from '#http/route.ts'
import { resetPath } from '../change-password.ts'
import type { Dialect } from '../dialect.ts'
import { showEnrollment } from './enrollment.ts'
import { refuseWithPage } from './page.ts'
import { showResetForm, takeResetForm } from './reset-password.ts'

/** The pages that links in mails lead to. */
export function pageGroup(dialect: Dialect): RouteGroup {
  return {
    name: 'auth0-pages',
    routes: [
      { method: 'GET', path: resetPath, handle: (exchange) => showResetForm(dialect, exchange) },
      { method: 'POST', path: resetPath, accepts: ['form'], handle: (exchange) => takeResetForm(dialect, exchange) },
      { method: 'GET', path: '/enrollment', handle: (exchange) => showEnrollment(dialect, exchange) },
    ],
    refuse: refuseWithPage,
  }
}
