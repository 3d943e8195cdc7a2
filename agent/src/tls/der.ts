/** As much of DER as a certificate that signs itself takes. https://www.itu.int/rec/T-REC-X.690 */

const der = (tag: number, content: Buffer): Buffer => {
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
};

export const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
export const set = (...parts: readonly Buffer[]): Buffer => der(0x31, Buffer.concat(parts));
export const oid = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
export const integer = (bytes: Buffer): Buffer => der(0x02, bytes);
export const text = (value: string): Buffer => der(0x0c, Buffer.from(value));
export const bits = (content: Buffer): Buffer => der(0x03, Buffer.concat([Buffer.from([0]), content]));
export const utcTime = (value: string): Buffer => der(0x17, Buffer.from(value));
export const generalizedTime = (value: string): Buffer => der(0x18, Buffer.from(value));
