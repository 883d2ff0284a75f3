import { createApi } from './api.ts'

const { ISSUER = 'https://localhost:3443/', AUDIENCE = 'https://api.example.com', PORT = '4000' } = process.env

createApi({ issuer: ISSUER, audience: AUDIENCE }).listen(Number(PORT), '127.0.0.1', () => {
  process.stdout.write(`step-up API on http://127.0.0.1:${PORT}, tokens of ${ISSUER} for ${AUDIENCE}\n`)
})
