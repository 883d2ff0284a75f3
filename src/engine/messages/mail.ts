import type { Branding } from '#model/branding.ts'
import { isColour, readable, white, wordsOn } from '#model/colours.ts'
import type { MessageLanguage } from '#model/message-texts.ts'

/**
 * The frame of all mails: style in place, since readers drop style sheets; no picture, nothing loaded, nothing that
 * follows who reads it. Text is escaped here, where markup begins (S-134).
 */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (it) => entities[it] ?? '')

export interface Letter {
  readonly language: MessageLanguage
  readonly service: string
  readonly subject: string
  /** HTML. */
  readonly body: string
  readonly branding?: Branding
}

const fallbackAccent = '#4338ca'
const accentOf = (branding: Branding | undefined): string => {
  const { accent } = branding ?? {}
  return readable(accent !== undefined && isColour(accent) ? accent : fallbackAccent, white)
}

export const directionOf = (language: MessageLanguage): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr')

/** A whole mail. */
export function letter({ language, service, subject, body, branding }: Letter): string {
  const dir = directionOf(language)
  const radius = branding?.radius ?? 12
  const font = 'system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif'
  return `<!doctype html>
<html lang="${language}" dir="${dir}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(subject)}</title></head>
<body style="margin:0;padding:0;background-color:#f4f5f9;color:#171923">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background-color:#f4f5f9"><tr><td align="center" style="padding:32px 12px">
<div dir="${dir}" style="max-width:480px;padding:32px;text-align:${dir === 'rtl' ? 'right' : 'left'};background-color:#ffffff;color:#171923;border-radius:${radius}px;font-family:${font};font-size:16px;line-height:1.5">
<p style="margin:0 0 16px;font-weight:600;color:${accentOf(branding)}">${escaped(service)}</p>
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3">${escaped(subject)}</h1>
${body}
</div>
</td></tr></table>
</body>
</html>
`
}

export const paragraph = (html: string): string => `<p style="margin:0 0 16px">${html}</p>`
/** Codes read from left to right in every language. */
export const codeBox = (code: string): string =>
  `<p style="margin:0 0 16px;padding:16px;background-color:#f4f5f9;border-radius:8px;text-align:center;font-size:32px;font-weight:700;letter-spacing:4px"><span dir="ltr">${escaped(code)}</span></p>`

export function button(link: string, label: string, branding: Branding | undefined): string {
  const ground = accentOf(branding)
  const style = `display:inline-block;padding:12px 20px;border-radius:8px;background-color:${ground};color:${wordsOn(ground)};font-weight:600;text-decoration:none`
  return `<p style="margin:0 0 16px"><a href="${escaped(link)}" style="${style}">${escaped(label)}</a></p>`
}

/** A link spelled out, for readers that show no buttons. */
export const spelled = (link: string): string =>
  `<p style="margin:0 0 16px;font-size:14px;color:#555c6b;word-break:break-all"><span dir="ltr">${escaped(link)}</span></p>`

/** A tenant's own plain words as HTML: a paragraph each, with the link to follow. */
export const paragraphs = (text: string, link?: string): string =>
  text
    .split(/\n{2,}/)
    .map((it) => escaped(it.trim()).replaceAll('\n', '<br>'))
    .map((it) =>
      paragraph(
        link === undefined ? it : it.replaceAll(escaped(link), `<a href="${escaped(link)}">${escaped(link)}</a>`),
      ),
    )
    .join('\n')
