import { expect, it } from 'vitest';
import { httpContract } from './contract.ts';
import { seenBy } from './support/trials.ts';
import { openStand } from './support/stand.ts';
import { nodeHttp } from './subjects/node-http.ts';

// The races concern the core: one subject goes through them a thousand times, the others in the soak.
httpContract(nodeHttp, { times: 5 });

it.each([1, 2, 5])(
  'of twenty logins of one user at once, %i sessions are left where no more are allowed',
  async (most) => {
    const stand = await openStand(nodeHttp, { maxSessionsPerUser: most });
    try {
      const browsers = Array.from({ length: 20 }, () => stand.browser());
      const logins = await Promise.all(browsers.map((browser) => browser.post('/login?user=u_42')));
      expect(logins.map(({ status }) => status)).toEqual(browsers.map(() => 200));
      const seen = await Promise.all(browsers.map(seenBy));
      expect(seen.filter((session) => session !== null)).toHaveLength(most);
    } finally {
      await stand.close();
    }
  },
);
