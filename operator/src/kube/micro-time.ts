/**
 * RFC 3339 with six digits of a second: what the API server wants in Leases and Events.
 * @param epochMs may have a fraction, of microseconds.
 */
export const microTime = (epochMs: number): string => {
  const micros = Math.round(epochMs * 1000);
  const fraction = String(micros % 1000).padStart(3, '0');
  return new Date(Math.floor(micros / 1000)).toISOString().replace('Z', `${fraction}Z`);
};
