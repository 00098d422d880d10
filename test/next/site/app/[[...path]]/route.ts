import { session, shop } from '../../lib/session';

/** The routes of the HTTP contract. */
const answer = session.route((request, mine) => shop().respond(request, mine));

export { answer as GET, answer as POST };
