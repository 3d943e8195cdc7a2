import assert from 'node:assert/strict';
import { ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { readPublicKey } from './read-public-key.ts';

const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' });
const pem = (der: Buffer, label = 'PUBLIC KEY'): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const der = publicKey.export({ type: 'spki', format: 'der' });

/** `openssl ecparam -name prime256v1 -param_enc explicit -genkey | openssl ec -pubout`: P-256, spelled out as if it were any curve. */
const explicit = `-----BEGIN PUBLIC KEY-----
MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABKjzp8ncW5X9nF6TlDdtOE+Q
VeA97cNlVeCzRvm9QmqpRwdQZc6Q6beOX7HqCHUKKJwPT0GR8td/Ai24ywWMgZ4=
-----END PUBLIC KEY-----
`;

test('a key on P-256 is one', () => {
  assert.ok(readPublicKey(spki(publicKey))?.equals(publicKey));
});

test('everything else is none', () => {
  const offTheCurve = Buffer.from(der);
  offTheCurve[offTheCurve.length - 1] = (offTheCurve.at(-1) ?? 0) ^ 1;
  const cases: Record<string, string> = {
    nothing: '',
    'another curve': spki(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
    'a curve that nobody uses here': spki(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
    'an RSA key': spki(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
    'an Ed25519 key': spki(generateKeyPairSync('ed25519').publicKey),
    'a point that is not on the curve': pem(offTheCurve),
    'the point at infinity': pem(Buffer.concat([der.subarray(0, 23), Buffer.from([0])])),
    'half a key': pem(der.subarray(0, 40)),
    'two keys': spki(publicKey) + spki(publicKey),
    'text before it': `Subject: CN=other\n${spki(publicKey)}`,
    'a private key': privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'a private key under another name': pem(privateKey.export({ type: 'pkcs8', format: 'der' })),
    'no base64': '-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----',
  };
  for (const [what, text] of Object.entries(cases)) assert.equal(readPublicKey(text), undefined, what);
});

test('of what stands behind a key nothing is taken', () => {
  const read = readPublicKey(pem(Buffer.concat([der, Buffer.from('more')])));
  assert.deepEqual(read?.export({ type: 'spki', format: 'der' }), der);
});

test('a key in compressed form is the same key, and written as every other', () => {
  const compressed = ECDH.convertKey(der.subarray(26), 'prime256v1', 'base64', 'base64', 'compressed');
  const info = Buffer.concat([der.subarray(0, 26), Buffer.from(compressed, 'base64')]);
  // The lengths of the whole and of the bit string.
  info[1] = info.length - 2;
  info[24] = info.length - 25;
  assert.deepEqual(readPublicKey(pem(info))?.export({ type: 'spki', format: 'der' }), der);
});

test('a key that spells its curve out is written as every other too', () => {
  assert.ok(explicit.length > 400);
  const read = readPublicKey(explicit)?.export({ type: 'spki', format: 'der' });
  assert.deepEqual(read?.subarray(0, 27), der.subarray(0, 27));
  assert.equal(read?.length, der.length);
});
