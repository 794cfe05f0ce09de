/** One of eight hues for an agent, always the same; decoration only. */
export function agentHue(agentId: string): number {
  let hash = 0;
  for (let index = 0; index < agentId.length; index++) {
    hash = (hash * 31 + agentId.charCodeAt(index)) | 0;
  }
  return Math.abs(hash) % 8;
}
