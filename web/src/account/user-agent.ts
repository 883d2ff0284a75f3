/** Browser and system of a user agent string, roughly, for people to recognise their own devices by. */
export function seen(userAgent: string): { readonly browser?: string; readonly system?: string } {
  return { ...pick('browser', browsers, userAgent), ...pick('system', systems, userAgent) }
}

type Marks = readonly (readonly [mark: RegExp, name: string])[]

// Order matters: most browsers claim to be the others, too.
const browsers: Marks = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const systems: Marks = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

function pick<K extends string>(key: K, marks: Marks, text: string): { readonly [P in K]?: string } {
  const name = marks.find(([mark]) => mark.test(text))?.[1]
  return (name === undefined ? {} : { [key]: name }) as { readonly [P in K]?: string }
}
