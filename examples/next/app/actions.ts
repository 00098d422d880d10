'use server';

import { session } from '../lib/session';

export async function add(form: FormData): Promise<void> {
  const item = form.get('item');
  if (typeof item !== 'string') return;
  const mine = await session();
  await mine.update(({ cart }) => void cart.push(item));
}

export async function signIn(form: FormData): Promise<void> {
  const mine = await session();
  // An application compares hashes here (scrypt, argon2), or lets an identity provider do it.
  if (form.get('name') === 'ada' && form.get('password') === 'lantern') await mine.login('ada');
}

export async function signOut(): Promise<void> {
  await (await session()).logout();
}
