import { useMemo } from 'react'
import { encode } from 'uqr'

/** The quiet zone a reader needs around a code, in modules. */
const quiet = 4

/** Draws text as a QR code: one path, black on white in the dark too, since readers expect it. */
export default function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { path, side } = useMemo(() => draw(text), [text])
  return (
    <svg className="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <path className="qr-ground" d={`M0 0h${side}v${side}H0z`} />
      <path className="qr-ink" d={path} />
    </svg>
  )
}

function draw(text: string): { readonly path: string; readonly side: number } {
  const { data, size } = encode(text, { ecc: 'M', border: 0 })
  const dots = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + quiet} ${y + quiet}h1v1h-1z` : '')))
  return { path: dots.join(''), side: size + 2 * quiet }
}
