import Bowser from 'bowser'

/** What a user agent says of itself; a part that cannot be told is absent. */
export interface Agent {
  /** Such as `Firefox 128.0`. */
  readonly browser?: string
  /** Such as `Windows NT 10.0`. */
  readonly system?: string
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly device?: string
}

/** More than any browser sends; what follows is not looked at. */
const longest = 512

/** Takes a user agent apart. Text nobody knows how to read says nothing; it never throws. */
export function parseAgent(text: string): Agent {
  if (text.trim() === '') return {}
  try {
    const { browser, os, platform } = Bowser.parse(text.slice(0, longest))
    return {
      ...(browser.name && { browser: words(browser.name, browser.version) }),
      ...(os.name && { system: words(os.name, os.version) }),
      ...(platform.type && { device: platform.type }),
    }
  } catch {
    return {}
  }
}

const words = (name: string, version: string | undefined) => `${name} ${version ?? ''}`.trim()
