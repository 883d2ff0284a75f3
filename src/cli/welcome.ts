import { demoPassword, demoTotpSecret } from '#config/demo.ts'

export type Addresses = { readonly httpUrl?: string; readonly httpsUrl?: string }

/** What to open and try in the built-in demo, line by line. */
export function welcome(publicUrl: string, { httpUrl, httpsUrl }: Addresses): readonly string[] {
  const open = httpsUrl === undefined ? httpUrl : publicUrl
  const trust = httpsUrl === undefined ? '' : ' --cacert data/tls/ca.pem'
  return [
    'Polyfactor runs its demo: tenant "demo", nothing leaves this machine.',
    `Codes it sends  ${open}/dev/outbox`,
    ...(httpUrl === undefined ? [] : [`CA to trust     ${httpUrl}/dev/ca.pem`]),
    `Users           ada@example.com (no second factor yet), grace@example.com (TOTP ${demoTotpSecret})`,
    `Password        ${demoPassword}`,
    'Applications    demo-spa, demo-web (Auth0), demo-native (Entra), demo-cidaas (cidaas), demo-m2m (management API)',
    'Sample app      npm run example:entra, then http://localhost:5173',
    'Admin token     data/admin.token',
    'Try a first enrolment; this answers mfa_required with an mfa_token for /mfa/associate:',
    `  curl${trust} ${open}/oauth/token -d grant_type=password -d client_id=demo-spa -d username=ada@example.com -d 'password=${demoPassword}' -d audience=https://api.example.com`,
  ]
}
