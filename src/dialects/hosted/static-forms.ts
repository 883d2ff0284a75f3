import type { Option, State } from './schemas.ts'
import { type Html, html } from './static-html.ts'

/** The steps of a sign-in as plain forms, for browsers without script (S-137). Same actions, same server, fewer comforts. */

/** Words of the catalogue, with `{name}` filled in. */
export type Say = (key: string, values?: Readonly<Record<string, string>>) => string

interface Drawn {
  readonly title: string
  readonly body: Html
}

interface Box {
  readonly name: string
  /** Where a page has two boxes of one name. */
  readonly id?: string
  readonly label: string
  readonly type?: string
  readonly complete?: string
  readonly value?: string
  readonly mode?: string
  readonly code?: boolean
}

function box({ name, id: own = name, label, type = 'text', complete = 'off', value = '', mode, code }: Box): Html {
  const id = `plain-${own}`
  return html`<div class="field${code ? ' code-field' : ''}"><label for="${id}">${label}</label><div class="field-box"><input id="${id}" name="${name}" type="${type}" autocomplete="${complete}" value="${value}" required inputmode="${mode ?? 'text'}"></div></div>`
}

const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}">`

/** Draws the step a sign-in is at. `flow` is its name in addresses. */
export function plainStep(flow: string, state: State, say: Say): Drawn {
  const form = (action: string, inside: Html, button: string, kind = 'primary'): Html =>
    html`<form method="post" action="/u/api/flows/${flow}/${action}">${hidden('csrf', state.csrf)}${inside}<button class="button button-${kind}" type="submit">${button}</button></form>`
  const tools = { state, say, form }
  return steps[state.step](tools)
}

interface Tools {
  readonly state: State
  readonly say: Say
  readonly form: (action: string, inside: Html, button: string, kind?: string) => Html
}

const steps: Readonly<Record<State['step'], (tools: Tools) => Drawn>> = {
  identify: ({ state, say, form }) => ({
    title: say('identify.title'),
    body: html`<p class="lead">${say('identify.lead', { application: state.application.name })}</p>${form(
      'identify',
      box({
        name: 'login',
        label: say('identify.login'),
        complete: 'username',
        mode: 'email',
        value: state.hints.login ?? '',
      }),
      say('common.continue'),
    )}${signUpForm({ state, say, form })}${forgotForm({ state, say, form })}`,
  }),
  'sign-up': ({ say }) => ({ title: say('sign-up.title'), body: html`` }),
  password: ({ state, say, form }) => ({
    title: say('password.title'),
    body: html`<p class="lead"><bdi>${state.account?.login}</bdi></p>${form(
      'password',
      box({ name: 'password', label: say('password.password'), type: 'password', complete: 'current-password' }),
      say('password.submit'),
    )}${forgotForm({ state, say, form })}${form('back', html``, say('password.other-account'), 'quiet')}`,
  }),
  challenge: (tools) => challenge(tools),
  enrol: (tools) => enrol(tools),
  'recovery-codes': ({ state, say, form }) => ({
    title: say('recovery.title'),
    body: html`<p class="lead">${say('recovery.lead')}</p><ul class="codes">${(state.recoveryCodes?.codes ?? []).map(
      (it) => html`<li><code dir="ltr">${it}</code></li>`,
    )}</ul>${form('saved', html``, say('common.continue'))}`,
  }),
  consent: ({ state, say, form }) => ({
    title: say('consent.title', { application: state.application.name }),
    body: html`<p class="lead">${say('consent.lead')}</p><ul class="scopes">${(state.consent?.scopes ?? []).map(
      (it) => html`<li>${it}</li>`,
    )}</ul>${form('consent', hidden('agree', 'yes'), say('consent.agree'))}${form(
      'consent',
      hidden('agree', 'no'),
      say('consent.refuse'),
      'quiet',
    )}`,
  }),
  stuck: ({ state, say, form }) => ({
    title: say('stuck.title'),
    body: html`<p class="lead">${say('stuck.text', { tenant: state.tenant.name })}</p>${form(
      'restart',
      html``,
      say('common.start-over'),
    )}`,
  }),
  done: ({ state, say }) => ({
    title: say('done.title'),
    body: html`<p><a class="button button-primary" href="${state.location}">${say('common.continue')}</a></p>`,
  }),
}

/** Behind a word to open it by, so that the page stays one question. */
const folded = (title: string, inside: Html): Html => html`<details><summary>${title}</summary>${inside}</details>`

function signUpForm({ state, say, form }: Tools): Html {
  if (!state.can.signUp) return html``
  const email = box({
    name: 'email',
    id: 'new-email',
    label: say('sign-up.email'),
    type: 'email',
    complete: 'username',
  })
  const password = box({
    name: 'password',
    id: 'new-password',
    label: say('sign-up.password'),
    type: 'password',
    complete: 'new-password',
  })
  return folded(say('identify.sign-up'), form('sign-up', html`${email}${password}`, say('sign-up.submit'), 'quiet'))
}

function forgotForm({ state, say, form }: Tools): Html {
  if (!state.can.resetPassword) return html``
  const value = state.account?.login ?? state.hints.login ?? ''
  const email = box({
    name: 'email',
    id: 'lost-email',
    label: say('sign-up.email'),
    type: 'email',
    complete: 'email',
    value,
  })
  return folded(say('password.forgot'), form('forgot-password', email, say('forgot.submit'), 'quiet'))
}

const isDirect = ({ traits }: Pick<Option, 'traits'>): boolean =>
  traits.proof === 'lookup' || (traits.proof === 'code' && traits.channel === 'app')

/** Every way that needs no script, one form each; keys need one. */
function challenge({ state, say, form }: Tools): Drawn {
  const { asked, options = [] } = state
  const code = box({
    name: 'proof',
    label: say('challenge.code'),
    complete: 'one-time-code',
    mode: 'numeric',
    code: true,
  })
  const waiting = asked && asked.option.traits.proof === 'code' ? form('verify', code, say('challenge.verify')) : html``
  const ways = options.flatMap((option) => {
    const name = option.target ?? option.name ?? way(option, say)
    const title = html`<h2>${way(option, say)}</h2>`
    if (isDirect(option)) {
      const lookup = option.traits.proof === 'lookup'
      const inside = lookup ? box({ name: 'proof', label: say('challenge.recovery-code') }) : code
      return [
        html`${title}${form('verify', html`${hidden('option', option.id)}${inside}`, say('challenge.verify'), lookup ? 'quiet' : 'primary')}`,
      ]
    }
    if (option.traits.proof !== 'code') return []
    const again = asked?.option.id === option.id
    const words = again ? say('challenge.resend') : `${say('challenge.send-button')}: ${name}`
    return [html`${title}${form('challenge', hidden('option', option.id), words, 'quiet')}`]
  })
  return { title: say('challenge.title'), body: html`${waiting}${ways}` }
}

const way = ({ traits, factor }: Pick<Option, 'traits' | 'factor'>, say: Say): string =>
  say(`way.${traits.channel}`) || factor

function enrol({ state, say, form }: Tools): Drawn {
  const { enrolling, offers = [] } = state
  if (enrolling === undefined) {
    const ways = offers
      .filter(({ traits }) => traits.proof === 'code')
      .map((offer) => {
        const phone = offer.traits.reach === 'phone'
        const target = phone
          ? box({ name: 'target', label: `${say('enrol.number')} (+…)`, type: 'tel', complete: 'tel', mode: 'tel' })
          : html``
        return html`<h2>${way(offer, say)}</h2>${form('enrol', html`${hidden('factor', offer.factor)}${target}`, way(offer, say), 'quiet')}`
      })
    return { title: say('enrol.title'), body: html`<p class="lead">${say('enrol.lead')}</p>${ways}` }
  }
  const { uri, secret } = enrolling.show ?? {}
  const key =
    secret === undefined
      ? html``
      : html`<p>${say('enrol.app-secret')}</p><p class="secret"><code dir="ltr">${secret}</code></p><p><a class="link" href="${uri}">${say('enrol.app-open')}</a></p>`
  const code = box({
    name: 'proof',
    label: say('challenge.code'),
    complete: 'one-time-code',
    mode: 'numeric',
    code: true,
  })
  return {
    title: secret === undefined ? say('challenge.title') : say('enrol.app-title'),
    body: html`${key}${form('confirm', code, say('enrol.confirm'))}${form('back', html``, say('enrol.other'), 'quiet')}`,
  }
}
