import { part, type Part } from './part.ts';

/** The places of docs/reference/envelope-v1.md. */
const KEY_ID = 4;
const REVISION = 12;
const NONCE = 20;
const NONCE_BYTES: Readonly<Record<number, number>> = { 1: 12, 2: 24 };
const SUITES: Readonly<Record<number, string>> = { 1: 'AES-256-GCM', 2: 'XAES-256-GCM' };
const TAG_BYTES = 16;

/** A sealed session, part by part. */
export function envelopeParts(envelope: Buffer): Part[] {
  if (envelope.length === 0)
    return [part('envelope', envelope, 'clear', 'nothing: it was erased when the session ended')];
  const suite = envelope[2] ?? 0;
  const ciphertext = NONCE + (NONCE_BYTES[suite] ?? 0);
  const tag = envelope.length - TAG_BYTES;
  const keyId = envelope.subarray(KEY_ID, REVISION);
  return [
    part('format', envelope.subarray(0, 2), 'clear', 'an envelope, version 1'),
    part('suite, flags', envelope.subarray(2, KEY_ID), 'clear', `sealed with ${SUITES[suite] ?? 'an unknown suite'}`),
    part('key id', keyId, 'clear', `which key sealed it, ${keyId.toString('hex').slice(0, 8)}…: its name, not the key`),
    part(
      'revision',
      envelope.subarray(REVISION, NONCE),
      'clear',
      `${envelope.readBigUInt64BE(REVISION)}: how often it was written`,
    ),
    part('nonce', envelope.subarray(NONCE, ciphertext), 'sealed', 'nothing: random, new with each write'),
    part(
      'ciphertext',
      envelope.subarray(ciphertext, tag),
      'sealed',
      `nothing but its length, ${tag - ciphertext} bytes: your cart, your name and your device are in here`,
    ),
    part(
      'tag',
      envelope.subarray(tag),
      'sealed',
      'nothing: with a bit changed anywhere, or moved to another session, it does not open',
    ),
  ];
}
