/** What the server asks of a password; it decides, this only says it beforehand. */
export const shortestPassword = 8
