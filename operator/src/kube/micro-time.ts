/** RFC 3339 with six digits of a second: what the API server wants in Leases and Events. */
export const microTime = (epochMs: number): string => new Date(epochMs).toISOString().replace('Z', '000Z');
