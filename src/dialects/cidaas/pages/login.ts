import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { readRequest } from '../requests.ts'
import { alertText, hidden, htmlText, show } from './page.ts'

/** The login page for tenants that have none of their own: a form, no script. */
export async function loginForm(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const found = await readRequest(dialect, exchange, input.any('request'))
  if (found === undefined) {
    return show(exchange, 'Sign in', alertText('This sign-in has expired. Go back to the application.'), undefined, 400)
  }
  const { request, application } = found
  const name = htmlText(input.text('username') ?? input.text('login_hint') ?? '')
  const failed = input.text('error') === undefined ? undefined : 'Sign-in failed. Check your user name and password.'
  const body = `<p>to ${htmlText(application.name)}</p>${alertText(failed)}
<form method="post" action="/login-srv/login">${hidden({ requestId: request.id })}
<p><label>E-mail, phone or user name<br><input name="username" autocomplete="username" required value="${name}"></label></p>
<p><label>Password<br><input name="password" type="password" autocomplete="current-password" required></label></p>
<button type="submit">Sign in</button></form>`
  return show(exchange, 'Sign in', body, request)
}
