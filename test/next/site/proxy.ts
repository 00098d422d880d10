import { NextResponse } from 'next/server';
import { session } from './lib/session';

/** Answers what components cannot: 503 in an outage, and a redirect of visitors, before anything is rendered. */
export const proxy = session.route(async (request, mine) => {
  if ((await mine.get())?.userId !== undefined) return NextResponse.next();
  return NextResponse.redirect(new URL('/signin', request.url), 303);
});

export const config = { matcher: ['/guarded'] };
