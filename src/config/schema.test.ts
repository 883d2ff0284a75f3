import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { demoConfig } from './demo.ts'
import { formatProblem } from './problem.ts'
import { checkConfig, parseConfig } from './read.ts'
import { configJsonSchema } from './schema.ts'

const web = { client_id: 'w', type: 'web', client_secret: 's' }
const ada = { email: 'ada@example.com' }
const api = { audience: 'https://api.example.com', scopes: ['read:things'] }
const machine = { client_id: 'm', type: 'machine', client_secret: 's' }

const tenant = (more: object) => ({ tenants: [{ id: 'demo', ...more }] })
const application = (more: object) => tenant({ applications: [{ ...web, ...more }] })
const message = (kind: string, words: object) => tenant({ messages: { texts: { de: { [kind]: words } } } })
const user = (more: object) => tenant({ users: [{ ...ada, ...more }] })

const refused: readonly (readonly [title: string, config: unknown, key: string, mend: RegExp])[] = [
  ['an unknown key', { ...tenant({}), tenant: [] }, 'tenant', /Did you mean "tenants"/],
  ['no tenants', {}, 'tenants', /is missing. Set it \(a list\)/],
  ['an empty list of tenants', { tenants: [] }, 'tenants', /at least 1/],
  ['a misspelt key deep inside', application({ redirect_uri: [] }), 'redirect_uri', /"redirect_uris"/],
  ['a number where text belongs', user({ phone_number: 15_555_550_100 }), 'users[0].phone_number', /quotes/],
  ['text where a list belongs', tenant({ domains: 'localhost' }), 'domains', /Write a list/],
  ['an empty value', tenant({ name: null }), 'name', /Give it a value or remove the key/],
  ['a tenant id with a dot', { tenants: [{ id: 'a.b' }] }, 'tenants[0].id', /letters, digits/],
  ['a tenant id that is a path of the server', { tenants: [{ id: 'OAuth' }] }, 'tenants[0].id', /another id/],
  ['two tenants of one id', { tenants: [{ id: 'a' }, { id: 'A' }] }, 'tenants[1].id', /each once/],
  [
    'a domain claimed twice',
    {
      tenants: [
        { id: 'a', domains: ['x.test'] },
        { id: 'b', domains: ['X.test'] },
      ],
    },
    'tenants[1].domains[0]',
    /Keep it in one/,
  ],
  ['a domain with a scheme', tenant({ domains: ['https://x.test'] }), 'domains[0]', /bare name/],
  ['an unknown factor', tenant({ factors: ['sms', 'smss'] }), 'factors[1]', /one of password, totp/],
  ['too few security questions', tenant({ security_questions: ['who?', 'where?'] }), 'security_questions', /3/],
  [
    'a security question twice',
    tenant({ security_questions: ['who?', 'who?', 'where?'] }),
    'security_questions',
    /twice/,
  ],
  ['an unknown mode', tenant({ mfa: { mode: 'NEVER' } }), 'mfa.mode', /OFF, ALWAYS, SMART/],
  ['a timed mode without time', tenant({ mfa: { mode: 'TIME_BASED' } }), 'mfa.time_based_seconds', /86400/],
  [
    'a timed application without time',
    application({ mfa: { mode: 'SMART_PLUS_TIME_BASED' } }),
    'applications[0].mfa.time_based_seconds',
    /Set the seconds/,
  ],
  [
    'password as a second factor',
    application({ mfa: { mode: 'ALWAYS', allowed_factors: ['password'] } }),
    '[0]',
    /totp/,
  ],
  [
    'a code that lives 601 s',
    tenant({ limits: { code_lifetime_seconds: 601 } }),
    'tenants[0].limits.code_lifetime_seconds',
    /at most 600/,
  ],
  [
    'a password in the address of a webhook',
    tenant({ webhooks: [{ id: 'siem', url: 'https://u:p@siem.example/in', secret: 'whsec_c2VjcmV0' }] }),
    'webhooks[0].url',
    /Leave them out/,
  ],
  ['an unknown country', tenant({ phone: { countries: ['USA'] } }), 'phone.countries[0]', /two capital letters/],
  ['a prefix without plus', tenant({ phone: { blocked_prefixes: ['1555'] } }), 'blocked_prefixes[0]', /"\+1555666"/],
  ['an unknown page', tenant({ pages: { logon: 'https://x.test' } }), 'pages.logon', /Remove it|Did you mean/],
  ['a page that is no URL', tenant({ pages: { login: '/login' } }), 'pages.login', /Write it whole/],
  ['one API twice', tenant({ apis: [api, api] }), 'apis[1].audience', /each once/],
  ['a scope with a blank', tenant({ apis: [{ ...api, scopes: ['a b'] }] }), 'scopes[0]', /each scope by itself/],
  ['one client_id twice', tenant({ applications: [web, web] }), 'applications[1].client_id', /each once/],
  ['an unknown type', application({ type: 'm2m' }), 'applications[0].type', /spa, native, web, machine/],
  ['a web application without a secret', application({ client_secret: null }), 'client_secret', /Set it/],
  ['a page with a secret', application({ type: 'spa' }), 'client_secret', /Remove it/],
  [
    'a secret method without a secret',
    tenant({ applications: [{ client_id: 'n', type: 'native', token_endpoint_auth_method: 'client_secret_basic' }] }),
    'client_secret',
    /another token_endpoint_auth_method/,
  ],
  ['private_key_jwt without keys', application({ token_endpoint_auth_method: 'private_key_jwt' }), 'jwks', /public/],
  ['a private key', application({ jwks: { keys: [{ kty: 'EC', d: 'x' }] } }), 'jwks', /public parts only/],
  ['an unknown grant', application({ grant_types: ['magic'] }), 'grant_types[0]', /password, mfa/],
  [
    'client_credentials without a secret',
    tenant({ applications: [{ client_id: 's', type: 'spa', grant_types: ['client_credentials'] }] }),
    'grant_types',
    /set a secret/,
  ],
  [
    'a grant of an unknown API',
    tenant({ applications: [{ ...machine, client_grants: [{ audience: 'https://nope.test' }] }] }),
    'client_grants[0].audience',
    /Add it to apis/,
  ],
  [
    'a grant of an unknown scope',
    tenant({ apis: [api], applications: [{ ...machine, client_grants: [{ ...api, scopes: ['x'] }] }] }),
    'client_grants[0].scopes',
    /Add it to the API/,
  ],
  ['a redirect with a wildcard', application({ redirect_uris: ['https://*.x.test/'] }), 'redirect_uris[0]', /each one/],
  ['a redirect with a fragment', application({ redirect_uris: ['https://x.test/#'] }), 'redirect_uris[0]', /each one/],
  ['a redirect to a script', application({ redirect_uris: ['javascript:alert(1)'] }), 'redirect_uris[0]', /whole/],
  ['an origin with a path', application({ allowed_origins: ['https://x.test/'] }), 'allowed_origins[0]', /final slash/],
  ['a user without a name', tenant({ users: [{ password: 'x' }] }), 'users[0]', /email, phone_number or username/],
  ['one e-mail address twice', tenant({ users: [ada, { email: 'ADA@example.com' }] }), 'users[1].email', /each once/],
  [
    'one user name twice',
    tenant({ users: [{ username: 'ada' }, { username: 'Ada' }] }),
    'users[1].username',
    /each once/,
  ],
  ['a colour by name', tenant({ branding: { accent: 'red' } }), 'branding.accent', /hexadecimal/],
  ['a ground nothing can be read on', tenant({ branding: { background: '#7a7a7a' } }), 'background', /paler/],
  ['a pale ground in dark mode', tenant({ branding: { background_dark: '#ffffff' } }), 'background_dark', /darker/],
  ['a logo of somebody else', tenant({ branding: { logo: 'https://cdn.example/l.png' } }), 'logo', /not loaded/],
  ['a logo that is a page', tenant({ branding: { logo: 'data:text/html;base64,AAAA' } }), 'logo', /png/],
  ['a font that ends the style', tenant({ branding: { font: "x;}body{background:url('//e')}" } }), 'font', /loaded/],
  ['a font with an open quote', tenant({ branding: { font: "O'Font" } }), 'font', /loaded/],
  ['a message without its code', message('login', { sms: 'Welcome to {service}' }), 'login.sms', /{code}/],
  ['a mail without its code', message('login', { html: '<p>Hello {name}</p>' }), 'login.html', /{code}/],
  ['a mail without its link', message('reset-link', { text: 'Hello' }), 'reset-link.text', /{link}/],
  ['a code in a subject', message('login', { subject: '{code}' }), 'login.subject', /out of subjects/],
  ['a placeholder nobody fills', message('login', { sms: '{code} {pin}' }), 'login.sms', /{service}/],
  ['a link beside a code', message('login', { sms: '{code} https://x.test' }), 'login.sms', /nowhere/],
  ['a text in many parts', message('login', { sms: `{code} ${'ü'.repeat(460)}` }), 'login.sms', /459/],
  ['a text message with a link', message('invitation', { sms: '{link}' }), 'invitation.sms', /remove it/],
  ['a script in a mail', message('login', { html: '{code}<script>x</script>' }), 'login.html', /Use p/],
  ['a picture in a mail', message('login', { html: '{code}<img src="https://x.test/p.png">' }), 'login.html', /Use p/],
  ['a handler in a mail', message('login', { html: '<p onclick="x()">{code}</p>' }), 'login.html', /Use p/],
  ['a link elsewhere', message('reset-link', { html: '{link}<a href="https://x.test">x</a>' }), 'html', /href is/],
  ['a style that loads', message('login', { html: '<p style="background:url(//x)">{code}</p>' }), 'html', /Use p/],
  ['an address in words', message('notice', { html: '<p>{what} https://x.test</p>' }), 'html', /lead nowhere/],
  [
    'a style in disguise',
    message('login', { html: '<p style="background:&#117;rl(//x)">{code}</p>' }),
    'html',
    /Use p/,
  ],
  ['a language without messages', tenant({ messages: { language: 'nl' } }), 'messages.language', /en, de/],
  ['a locale that is none', user({ locale: 'German' }), 'users[0].locale', /BCP 47/],
  ['a bad e-mail address', user({ email: 'ada' }), 'users[0].email', /name@host/],
  [
    'password and hash',
    user({ password: 'x', password_hash: `$2b$10$${'a'.repeat(53)}` }),
    'password_hash',
    /Keep one/,
  ],
  ['an unknown hash', user({ password_hash: 'deadbeef' }), 'password_hash', /bcrypt/],
  [
    'a TOTP secret under 128 bits',
    user({ authenticators: [{ factor: 'totp', secret: 'JBSWY3DPEHPK3PXP' }] }),
    'authenticators[0].secret',
    /26 base32 characters/,
  ],
  [
    'a TOTP secret that is not base32',
    user({ authenticators: [{ factor: 'totp', secret: '0189'.repeat(8) }] }),
    'authenticators[0].secret',
    /A to Z/,
  ],
  ['a factor that cannot be set up', user({ authenticators: [{ factor: 'push' }] }), '[0].factor', /totp, sms/],
  ['a proxy that is no CIDR', { ...tenant({}), trusted_proxies: ['10.0.0.0/33'] }, 'trusted_proxies[0]', /10.0.0.0\/8/],
  ['a public URL with a path', { ...tenant({}), public_url: 'https://x.test/a' }, 'public_url', /Remove path/],
  ['a number check without a secret', { ...tenant({}), number_check: 'https://n.example/' }, 'number_check', /SECRET/],
  ['a delivery without a scheme', { ...tenant({}), delivery: { email: 'mail' } }, 'delivery.email', /smtp:/],
  [
    'a list of deliveries with one that has no scheme',
    { ...tenant({}), delivery: { sms: ['console:', 'sms'] } },
    'delivery.sms[1]',
    /smtp:/,
  ],
]

describe('configuration schema', () => {
  for (const [title, config, key, mend] of refused) {
    it(`refuses ${title} and says how to mend it`, () => {
      const read = checkConfig(config)
      assert.equal(read.ok, false)
      const lines = read.ok ? [] : read.problems.map(formatProblem)
      const line = lines.find((text) => text.slice(0, text.indexOf(': ')).endsWith(key))
      assert.ok(line, `no line names ${key}: ${lines.join('\n')}`)
      assert.match(line, mend)
    })
  }

  it('takes the example of the operating contract to the letter', () => {
    const read = parseConfig(example, 'example.yaml')
    assert.deepEqual(read.ok ? [] : read.problems, [])
    const demo = read.ok ? read.config.tenants[0] : undefined
    assert.equal(demo?.mfa?.mode, 'OFF')
    assert.equal(demo?.applications[0]?.token_endpoint_auth_method, 'none')
    assert.deepEqual(demo?.applications[0]?.grant_types, [
      'authorization_code',
      'refresh_token',
      'password',
      'http://auth0.com/oauth/grant-type/password-realm',
      'http://auth0.com/oauth/grant-type/mfa-otp',
      'http://auth0.com/oauth/grant-type/mfa-oob',
      'http://auth0.com/oauth/grant-type/mfa-recovery-code',
    ])
  })

  it('takes the built-in demo', () => {
    const read = checkConfig(demoConfig('https://localhost:3443'))
    assert.deepEqual(read.ok ? [] : read.problems, [])
  })

  it('lets an application use the time its tenant sets', () => {
    const timed = { mode: 'TIME_BASED', time_based_seconds: 60 }
    const read = checkConfig(tenant({ mfa: timed, applications: [{ ...web, mfa: { mode: 'TIME_BASED' } }] }))
    assert.equal(read.ok, true)
  })

  it('drops blanks and padding of a TOTP secret', () => {
    const read = checkConfig(
      user({ authenticators: [{ factor: 'totp', secret: 'jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp==' }] }),
    )
    const authenticator = read.ok ? read.config.tenants[0]?.users[0]?.authenticators[0] : undefined
    assert.deepEqual(authenticator, { factor: 'totp', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' })
  })

  it('hands out a value nobody can change', () => {
    const read = checkConfig(tenant({}))
    assert.ok(read.ok)
    assert.throws(() => (read.config.tenants as unknown[]).push({}), TypeError)
    assert.throws(() => Object.assign(read.config.tenants[0]?.phone ?? {}, { strict: true }), TypeError)
  })

  it('names the line of a problem and of a syntax error', () => {
    const problem = parseConfig('tenants:\n  - id: demo\n    domians: []\n', 'c.yaml')
    assert.match(problem.ok ? '' : formatProblem(problem.problems[0]!), /^c\.yaml:3 tenants\[0\]\.domians: /)
    const syntax = parseConfig('tenants:\n  - id: "demo\n', 'c.yaml')
    assert.match(syntax.ok ? '' : formatProblem(syntax.problems[0]!), /^c\.yaml:\d+:\d+: is not YAML: /)
  })

  it('shows no secret in a problem', () => {
    const canary = 'canary-7Hq2'
    const files = [
      `tenants:\n  - id: demo\n    users:\n      - { email: a@b, password: [${canary}], password_hash: ${canary} }\n`,
      `tenants:\n  - id: demo\n    users:\n      - { email: a@b, password: "${canary}\n`,
      `tenants: [{ id: demo, users: [{ email: a@b, authenticators: [{ factor: totp, secret: ${canary} }] }] }]`,
      `tenants: [{ id: demo, applications: [{ client_id: a, type: spa, client_secret: ${canary} }] }]`,
      `password: ${canary}\npassword: ${canary}\n`,
    ]
    for (const file of files) {
      const read = parseConfig(file, 'c.yaml')
      assert.equal(read.ok, false)
      assert.doesNotMatch(JSON.stringify(read), new RegExp(canary))
    }
  })

  it('does not let a key reach the prototype of anything', () => {
    const read = parseConfig('__proto__: { development: true }\ntenants: [{ id: demo }]\n', 'c.yaml')
    assert.equal(read.ok, false)
    assert.equal(({} as { development?: boolean }).development, undefined)
  })

  it('is published as a JSON Schema that forbids unknown keys', () => {
    const schema = configJsonSchema() as { additionalProperties: boolean; required: string[] }
    assert.equal(schema.additionalProperties, false)
    assert.deepEqual(schema.required, ['tenants'])
  })
})

const example = `
development: true
public_url: https://localhost:3443
trusted_proxies: []
tenants:
  - id: demo
    name: Demo
    domains: [localhost]
    factors: [password, totp, sms, email, voice, webauthn, push, recovery_code]
    mfa: { mode: "OFF" }
    phone:
      countries: [US, DE]
      blocked_prefixes: ["+1555666"]
      strict: false
    pages: {}
    apis:
      - { audience: "https://api.example.com", scopes: ["read:things"] }
    applications:
      - client_id: demo-spa
        name: Demo SPA
        type: spa
        client_secret: null
        redirect_uris: ["http://localhost:5173/callback"]
        logout_uris: ["http://localhost:5173"]
        allowed_origins: ["http://localhost:5173"]
        grant_types: [authorization_code, refresh_token, password, mfa]
        native_auth: true
        mfa: { mode: ALWAYS, allowed_factors: [sms, totp] }
    users:
      - email: ada@example.com
        email_verified: true
        phone_number: "+15555550100"
        username: ada
        name: Ada
        password: correct horse battery staple
        mfa_enabled: false
        authenticators:
          - { factor: totp, secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP }
          - { factor: sms, phone_number: "+15555550100" }
          - { factor: email, email: ada@example.com }
`
