import * as z from 'zod'
import { codeSaid, linkSaid, noticeSaid } from '#engine/messages/compose.ts'
import type { Reader } from '#engine/messages/language.ts'
import type { Said } from '#engine/messages/texts.ts'
import { isCodeKind, isLinkKind, messageKinds, messageLanguages, segmentsOf } from '#model/message-texts.ts'
import type { Tenant } from '#model/tenant.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { invalid } from '../problems.ts'
import { tenantParams } from '../schemas/common.ts'
import { tenantWords } from '../schemas/words.ts'

/** What a preview is filled with: nobody's code, and a link that leads nowhere. */
const sample = { code: '012345', link: 'https://login.example/u/new-password?ticket=sample', name: 'Ada Lovelace' }

const order = z.strictObject({
  kind: z.enum(messageKinds),
  channel: z.enum(['sms', 'voice', 'email']).default('email'),
  language: z.enum(messageLanguages).optional().meta({ description: 'Absent: the tenant’s own.' }),
  name: z.string().max(200).optional().meta({ description: 'Name of the user it would go to.' }),
  messages: tenantWords.messages.meta({
    description: 'Words to look at before they are stored; absent: the stored ones.',
  }),
})

const shown = z
  .strictObject({
    language: z.string(),
    subject: z.string(),
    text: z.string(),
    html: z.string().optional(),
    segments: z.int().optional().meta({ description: 'How many short messages it takes.' }),
  })
  .meta({ id: 'MessagePreview' })

const preview = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/messages/preview',
  id: 'previewMessage',
  tag: 'Tenants',
  summary: 'Show what a message would say',
  description: 'Filled with a sample; nothing is sent or stored.',
  permission: 'read:tenants',
  params: tenantParams,
  body: order,
  responses: { 200: { description: 'The message.', schema: shown } },
  async handle({ body, tenant }) {
    const { kind, channel } = body
    if (isLinkKind(kind) && channel !== 'email')
      return invalid('A message with a link is mailed and nothing else', [
        { path: 'channel', message: 'must be email' },
      ])
    if (kind === 'notice' && channel === 'voice')
      return invalid('Notices are written, not spoken', [{ path: 'channel', message: 'must be email or sms' }])
    const own = body.messages === undefined ? tenant : { ...tenant, messages: body.messages as Tenant['messages'] }
    const reader: Reader = {
      tenant: own,
      user: { name: body.name ?? sample.name },
      ...(body.language && { locales: [body.language] }),
    }
    const said = sayFor(reader, kind, channel)
    const segments = channel === 'sms' ? { segments: segmentsOf(said.text) } : {}
    const { language = 'en', subject, text, html } = said
    return { status: 200, body: { language, subject, text, ...(html && { html }), ...segments } }
  },
})

function sayFor(reader: Reader, kind: (typeof messageKinds)[number], channel: 'sms' | 'voice' | 'email'): Said {
  if (isCodeKind(kind)) return codeSaid(reader, channel, kind, sample.code, 300)
  if (isLinkKind(kind)) return linkSaid(reader, kind, sample.link, 3_600)
  return noticeSaid(reader, channel, 'factor-added', 'sms')
}

export const messageRoutes: readonly Operation[] = [preview]
