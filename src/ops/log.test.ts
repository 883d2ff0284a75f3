import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { createLog, type Logger } from './log.ts'

function logged(say: (log: Logger) => void, pretty = false): string {
  let out = ''
  say(
    createLog({
      level: 'trace',
      pretty,
      write: (line) => {
        out += line
      },
    }),
  )
  return out
}

const canary = 'canary-7Hq2'

describe('log', () => {
  it('writes one JSON line an event, with level, time and message', () => {
    const line = JSON.parse(logged((log) => log.info({ tenant: 'demo', ms: 3 }, 'challenge sent')))
    assert.deepEqual(
      { ...line, time: undefined },
      { level: 'info', time: undefined, tenant: 'demo', ms: 3, msg: 'challenge sent' },
    )
    assert.match(line.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  it('drops every field that is not on the list and tells its name only', () => {
    const out = logged((log) => {
      log.info({ password: canary, body: { code: canary }, authorization: canary, tenant: { secret: canary } }, 'x')
      log.child({ token: canary, reqId: 'r1' }).info({ headers: { cookie: canary } }, 'y')
    })
    assert.doesNotMatch(out, new RegExp(canary))
    assert.match(out, /"dropped":"password body authorization tenant"/)
    assert.match(out, /"reqId":"r1"/)
  })

  it('reduces requests and responses to method, route and status', () => {
    const request = {
      method: 'POST',
      url: `/x?code=${canary}`,
      headers: { authorization: canary },
      body: canary,
      routeOptions: { url: '/x' },
    }
    const line = JSON.parse(
      logged((log) => log.info({ req: request, res: { statusCode: 403, headers: canary } }, 'done')),
    )
    assert.deepEqual(line.req, { method: 'POST', route: '/x' })
    assert.deepEqual(line.res, { status: 403 })
  })

  it('tells kind, code and place of an error, but not what a parser choked on', () => {
    const out = logged((log) => {
      try {
        JSON.parse(`{"password": ${canary}}`)
      } catch (error) {
        log.error(error, 'bad')
        log.error({ err: Object.assign(new Error('no'), { code: 'E1', body: canary, cause: error }) }, 'bad')
      }
    })
    assert.doesNotMatch(out, new RegExp(canary))
    assert.match(out, /"type":"SyntaxError"/)
    assert.match(out, /"code":"E1","message":"no","at":\[".*log\.test\.ts/)
  })

  it('keeps an event on one line, whatever is in it', () => {
    const nasty = 'a\nb\rc\u0085d\u2028e\u2029f\u001b[31mg\u009b2Jh\u202ei\\n'
    for (const pretty of [false, true]) {
      const out = logged((log) => log.info({ user: nasty }, nasty), pretty)
      const body = (pretty ? stripVTControlCharacters(out) : out).replace(/\n$/, '')
      assert.doesNotMatch(body, /[\p{Cc}\u2028\u2029\u202e]/u)
      // What looks like a colour must be ours, never the text's.
      assert.match(body, /\[31mg/)
    }
  })
})
