import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge'

/** Hands what the hosted pages answered to the window that opened this one, and closes it. */
await broadcastResponseToMainFrame()
