import { NextResponse } from 'next/server';
import { session } from './lib/session';

/** What components cannot answer: 503 in an outage, and a redirect of who is not signed in, before anything is rendered. */
export const proxy = session.route(async (request, mine) => {
  if ((await mine.get())?.userId !== undefined) return NextResponse.next();
  return NextResponse.redirect(new URL('/signin', request.url), 303);
});

export const config = { matcher: ['/guarded'] };
