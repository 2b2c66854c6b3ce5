/** Whether a path is for programs, not for people: they are answered with JSON, and sign in with keys. */
export function isForPrograms(path: string): boolean {
  return /^\/(?:api|v1|mcp|metrics)(?:\/|$)/.test(path);
}
