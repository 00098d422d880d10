import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

interface Password {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const passwords = new Map<string, Password>();
/** The hash that is compared for an unknown name, so that the answer takes as long. */
const nobody = await seal(randomBytes(16).toString('hex'));

/** Stands for the application's table of users. */
export async function setPassword(name: string, password: string): Promise<void> {
  passwords.set(name, await seal(password));
}

export async function isPassword(name: string, password: string): Promise<boolean> {
  const { salt, hash } = passwords.get(name) ?? nobody;
  return timingSafeEqual(await derive(password, salt, 32), hash) && passwords.has(name);
}

async function seal(password: string): Promise<Password> {
  const salt = randomBytes(16);
  return { salt, hash: await derive(password, salt, 32) };
}
